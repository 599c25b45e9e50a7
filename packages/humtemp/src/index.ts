export { ReliablePublisher, type ReliablePublisherOptions } from './commands/publish/reliable-publisher.js';
export { main } from './main.js';
