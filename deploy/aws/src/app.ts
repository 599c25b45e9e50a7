import { App } from 'aws-cdk-lib';
import { settingsFrom } from './settings.js';
import { HumtempStack, RegistryStack } from './stack.js';

const app = new App();
const { repository } = new RegistryStack(app, 'HumtempRegistry');
// The registry can be made before anything else is decided.
if (app.node.tryGetContext('version') !== undefined)
  new HumtempStack(app, 'Humtemp', {
    settings: settingsFrom((name) => app.node.tryGetContext(name)),
    repository,
  });
app.synth();
