import { writeFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { applicationDiagram, networkDiagram, type Resources } from './diagrams.js';
import { settingsFrom } from './settings.js';
import { HumtempStack, RegistryStack } from './stack.js';

/** Draws the diagrams of docs/aws.md from the stack with the embedded broker. */
const app = new App();
const { repository } = new RegistryStack(app, 'Registry');
const given: Readonly<Record<string, string>> = {
  version: '0.1.0',
  certificateArn: 'arn:aws:acm:eu-central-1:111111111111:certificate/x',
};
const stack = new HumtempStack(app, 'Humtemp', { settings: settingsFrom((name) => given[name]), repository });
const { Resources: resources } = Template.fromStack(stack).toJSON() as { Resources: Resources };
const images = new URL('../../../docs/images/', import.meta.url);
writeFileSync(new URL('aws-application.svg', images), applicationDiagram(resources));
writeFileSync(new URL('aws-network.svg', images), networkDiagram(resources));
