import { CfnOutput, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import { CfnParameterGroup, CfnReplicationGroup, CfnSubnetGroup } from 'aws-cdk-lib/aws-elasticache';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { type Network, PORT } from './network.js';

/** The Redis that buckets are in, and the secret with its URL. */
export interface Cache {
  readonly group: CfnReplicationGroup;
  readonly url: Secret;
}

/**
 * A primary and a replica in two zones, that evict nothing. With HUMTEMP_DURABILITY=replica an acknowledgement waits for
 * the replica.
 */
export function cache(scope: Construct, { vpc, cache: securityGroup }: Network, nodeType: string): Cache {
  const token = new Secret(scope, 'CacheToken', {
    generateSecretString: { passwordLength: 64, excludePunctuation: true },
  });
  const parameters = new CfnParameterGroup(scope, 'CacheParameters', {
    cacheParameterGroupFamily: 'valkey8',
    description: 'humtemp: a full cache refuses commits and drops no bucket',
    properties: { 'maxmemory-policy': 'noeviction' },
  });
  const subnets = new CfnSubnetGroup(scope, 'CacheSubnets', {
    description: 'humtemp',
    subnetIds: vpc.isolatedSubnets.map(({ subnetId }) => subnetId),
  });
  const group = new CfnReplicationGroup(scope, 'Cache', {
    replicationGroupDescription: 'humtemp: buckets',
    engine: 'valkey',
    engineVersion: '8.0',
    cacheNodeType: nodeType,
    numCacheClusters: 2,
    automaticFailoverEnabled: true,
    multiAzEnabled: true,
    atRestEncryptionEnabled: true,
    transitEncryptionEnabled: true,
    authToken: token.secretValue.unsafeUnwrap(),
    cacheParameterGroupName: parameters.ref,
    cacheSubnetGroupName: subnets.ref,
    securityGroupIds: [securityGroup.securityGroupId],
    port: PORT.redis,
    snapshotRetentionLimit: 7,
    autoMinorVersionUpgrade: true,
  });
  group.applyRemovalPolicy(RemovalPolicy.SNAPSHOT);
  // In the template stands a reference to the token; CloudFormation puts the token itself in its place.
  const url = `rediss://:${token.secretValue.unsafeUnwrap()}@${group.attrPrimaryEndPointAddress}:${PORT.redis}/0`;
  new CfnOutput(scope, 'CacheAddress', { value: group.attrPrimaryEndPointAddress });
  return {
    group,
    url: new Secret(scope, 'CacheUrl', { secretStringValue: SecretValue.unsafePlainText(url) }),
  };
}
