import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { applicationDiagram, networkDiagram, type Resources } from './diagrams.js';
import { settingsFrom } from './settings.js';
import { HumtempStack, RegistryStack } from './stack.js';

const CERTIFICATE = 'arn:aws:acm:eu-central-1:111111111111:certificate/x';
const GIVEN: Readonly<Record<string, string>> = { version: '0.1.0', certificateArn: CERTIFICATE };

function synthesized(context: Readonly<Record<string, string>>): { registry: Template; stack: Template } {
  const app = new App();
  const registry = new RegistryStack(app, 'Registry');
  const settings = settingsFrom((name) => context[name]);
  const stack = new HumtempStack(app, 'Humtemp', { settings, repository: registry.repository });
  return { registry: Template.fromStack(registry), stack: Template.fromStack(stack) };
}

let embedded: ReturnType<typeof synthesized>;
let external: ReturnType<typeof synthesized>;

before(() => {
  embedded = synthesized(GIVEN);
  external = synthesized({ ...GIVEN, mqttUrlSecret: 'humtemp/mqtt-url', workers: '3', workersMax: '9' });
});

test('a version is one image for ever, and what runs names it', () => {
  embedded.registry.hasResourceProperties('AWS::ECR::Repository', { ImageTagMutability: 'IMMUTABLE' });
  const tasks = embedded.stack.findResources('AWS::ECS::TaskDefinition');
  assert.equal(Object.keys(tasks).length, 2);
  for (const { Properties } of Object.values(tasks))
    assert.match(JSON.stringify(Properties.ContainerDefinitions[0].Image), /:0\.1\.0"/);
  assert.throws(() => settingsFrom((name) => ({ ...GIVEN, version: 'latest' })[name]), /can be rolled back/);
  assert.throws(() => settingsFrom(() => undefined), /-c version=… is missing/);
});

test('a version that does not become healthy is taken back, and there is never a second broker', () => {
  for (const { Properties } of Object.values(embedded.stack.findResources('AWS::ECS::Service')))
    assert.deepEqual(Properties.DeploymentConfiguration.DeploymentCircuitBreaker, {
      Enable: true,
      Rollback: true,
    });
  embedded.stack.hasResourceProperties('AWS::ECS::Service', {
    DesiredCount: 1,
    DeploymentConfiguration: Match.objectLike({ MinimumHealthyPercent: 0, MaximumPercent: 100 }),
  });
});

test('containers have no root and no file system that can be written, and no password in the open', () => {
  for (const { stack } of [embedded, external])
    for (const { Properties } of Object.values(stack.findResources('AWS::ECS::TaskDefinition'))) {
      const [container] = Properties.ContainerDefinitions;
      assert.equal(container.ReadonlyRootFilesystem, true);
      assert.equal(container.User, '1000:1000');
      const names = container.Secrets.map(({ Name }: { Name: string }) => Name);
      assert.ok(names.includes('HUMTEMP_REDIS_URL'));
      assert.ok(!JSON.stringify(container.Environment).includes('resolve:secretsmanager'));
    }
});

test('the cache evicts nothing, has a replica in another zone, and is reached by processes only', () => {
  embedded.stack.hasResourceProperties('AWS::ElastiCache::ParameterGroup', {
    Properties: { 'maxmemory-policy': 'noeviction' },
  });
  embedded.stack.hasResourceProperties('AWS::ElastiCache::ReplicationGroup', {
    MultiAZEnabled: true,
    AutomaticFailoverEnabled: true,
    NumCacheClusters: 2,
    TransitEncryptionEnabled: true,
    AtRestEncryptionEnabled: true,
  });
  const rules = Object.values(embedded.stack.findResources('AWS::EC2::SecurityGroupIngress'));
  const toCache = rules.filter(({ Properties }) => Properties.FromPort === 6379);
  assert.equal(toCache.length, 2);
  for (const { Properties } of toCache) assert.ok(Properties.SourceSecurityGroupId !== undefined);
  for (const { Properties } of Object.values(embedded.stack.findResources('AWS::EC2::SecurityGroup')))
    for (const { CidrIp, FromPort } of Properties.SecurityGroupIngress ?? [])
      assert.ok(CidrIp !== '0.0.0.0/0' || [443, 8883].includes(FromPort), `${CidrIp} ${FromPort}`);
});

test('sensors reach the broker by TLS, with their own addresses; readers the API', () => {
  embedded.stack.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 8883,
    Protocol: 'TLS',
  });
  embedded.stack.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 443,
    Protocol: 'HTTPS',
  });
  embedded.stack.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Port: 1883,
    HealthCheckPath: '/readyz',
    TargetGroupAttributes: Match.arrayWith([{ Key: 'preserve_client_ip.enabled', Value: 'true' }]),
  });
});

test('with another broker there are workers, more of them when they are busy, and no load balancer for MQTT', () => {
  const { stack } = external;
  stack.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 1);
  stack.hasResourceProperties('AWS::ApplicationAutoScaling::ScalableTarget', {
    MinCapacity: 3,
    MaxCapacity: 9,
  });
  stack.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [
      Match.objectLike({
        Command: ['worker'],
        Secrets: Match.arrayWith([Match.objectLike({ Name: 'HUMTEMP_MQTT_URL' })]),
      }),
    ],
  });
});

test('each alarm tells somebody, and is on the dashboard', () => {
  const alarms = Object.values(embedded.stack.findResources('AWS::CloudWatch::Alarm'));
  assert.equal(alarms.length, 12);
  const [dashboard] = Object.values(embedded.stack.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard!.Properties.DashboardBody);
  for (const { Properties } of alarms) {
    assert.equal(Properties.AlarmActions.length, 1);
    assert.ok(body.includes(Properties.AlarmDescription), Properties.AlarmDescription);
  }
});

test('each variable that the stack sets is one of humtemp', () => {
  const known = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  const text = JSON.stringify([embedded.stack.toJSON(), external.stack.toJSON()]);
  for (const [name] of text.matchAll(/HUMTEMP_\w+/g)) assert.ok(known.includes(`\`${name}\``), name);
});

test('the diagrams in the documents are those of the stack', () => {
  const { Resources: resources } = embedded.stack.toJSON() as { Resources: Resources };
  const drawn = {
    'aws-application.svg': applicationDiagram(resources),
    'aws-network.svg': networkDiagram(resources),
  };
  for (const [name, svg] of Object.entries(drawn)) {
    const file = new URL(`../../../docs/images/${name}`, import.meta.url);
    assert.equal(readFileSync(file, 'utf8'), svg, `${name}: npm run draw`);
  }
});
