export { main } from './main.js';
export { ReliablePublisher, type ReliablePublisherOptions } from './publish/reliable-publisher.js';
