import { IpAddresses, Peer, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** The ports that something listens on. */
export const PORT = { mqtt: 1883, mqtts: 8883, http: 8000, https: 443, health: 9100, redis: 6379 } as const;

/** Where everything stands, and who may speak to whom: nobody else may. */
export interface Network {
  readonly vpc: Vpc;
  readonly httpBalancer: SecurityGroup;
  readonly mqttBalancer: SecurityGroup;
  readonly api: SecurityGroup;
  readonly ingest: SecurityGroup;
  readonly cache: SecurityGroup;
}

/** Two zones; balancers in public subnets, processes behind a NAT, the cache without a way out. */
export function network(scope: Construct): Network {
  const vpc = new Vpc(scope, 'Network', {
    ipAddresses: IpAddresses.cidr('10.20.0.0/16'),
    maxAzs: 2,
    natGateways: 1,
    subnetConfiguration: [
      { name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 24 },
      { name: 'processes', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      { name: 'cache', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
    ],
  });
  const group = (id: string, description: string, allowAllOutbound = false) =>
    new SecurityGroup(scope, id, { vpc, description, allowAllOutbound });
  const httpBalancer = group('HttpBalancerGroup', 'the load balancer for HTTP');
  const mqttBalancer = group('MqttBalancerGroup', 'the load balancer for MQTT');
  const api = group('ApiGroup', 'the API', true);
  const ingest = group('IngestGroup', 'the broker or the workers', true);
  const cache = group('CacheGroup', 'the cache');
  httpBalancer.addIngressRule(Peer.anyIpv4(), Port.tcp(PORT.https), 'readers');
  mqttBalancer.addIngressRule(Peer.anyIpv4(), Port.tcp(PORT.mqtts), 'sensors');
  httpBalancer.connections.allowTo(api, Port.tcp(PORT.http), 'requests');
  mqttBalancer.connections.allowTo(ingest, Port.tcp(PORT.mqtt), 'publishes');
  mqttBalancer.connections.allowTo(ingest, Port.tcp(PORT.health), 'health checks');
  for (const process of [api, ingest])
    cache.addIngressRule(process, Port.tcp(PORT.redis), 'commits and reads');
  return { vpc, httpBalancer, mqttBalancer, api, ingest, cache };
}
