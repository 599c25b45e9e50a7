export { ApiFailure, apiUrl, Client, type ClientOptions, type RequestOptions } from './client.js';
export type { Answer, Body, GetPath, PathOf, PostPath, Query, Schemas } from './routes.js';
