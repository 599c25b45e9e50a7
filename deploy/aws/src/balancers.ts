import { CfnOutput, Duration } from 'aws-cdk-lib';
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  type ApplicationTargetGroup,
  ListenerCertificate,
  NetworkLoadBalancer,
  type NetworkTargetGroup,
  Protocol,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { type Network, PORT } from './network.js';
import type { Services } from './services.js';
import type { StackSettings } from './settings.js';

export interface Balancers {
  readonly http: ApplicationLoadBalancer;
  readonly httpTargets: ApplicationTargetGroup;
  /** Undefined where the broker is another's. */
  readonly mqtt: NetworkLoadBalancer | undefined;
  readonly mqttTargets: NetworkTargetGroup | undefined;
}

/** HTTPS for readers; MQTT over TLS for sensors, where the broker is humtemp's own. TLS ends at the balancers. */
export function balancers(
  scope: Construct,
  { vpc, httpBalancer, mqttBalancer }: Network,
  { api, ingest }: Services,
  { certificateArn, broker }: StackSettings,
): Balancers {
  const certificates = [ListenerCertificate.fromArn(certificateArn)];
  const http = new ApplicationLoadBalancer(scope, 'HttpBalancer', {
    vpc,
    internetFacing: true,
    securityGroup: httpBalancer,
    // A live stream sends something every 15 s.
    idleTimeout: Duration.seconds(120),
    dropInvalidHeaderFields: true,
  });
  const httpTargets = http
    .addListener('Https', {
      port: PORT.https,
      certificates,
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      open: false,
    })
    .addTargets('Api', {
      port: PORT.http,
      protocol: ApplicationProtocol.HTTP,
      targets: [api.loadBalancerTarget({ containerName: 'humtemp', containerPort: PORT.http })],
      healthCheck: { path: '/readyz', interval: Duration.seconds(10), timeout: Duration.seconds(6) },
      deregistrationDelay: Duration.seconds(20),
    });
  new CfnOutput(scope, 'HttpAddress', { value: http.loadBalancerDnsName });
  if (broker.kind === 'external') return { http, httpTargets, mqtt: undefined, mqttTargets: undefined };
  const mqtt = new NetworkLoadBalancer(scope, 'MqttBalancer', {
    vpc,
    internetFacing: true,
    crossZoneEnabled: true,
    securityGroups: [mqttBalancer],
  });
  const mqttTargets = mqtt
    .addListener('Mqtts', { port: PORT.mqtts, certificates, sslPolicy: SslPolicy.RECOMMENDED_TLS })
    .addTargets('Broker', {
      port: PORT.mqtt,
      protocol: Protocol.TCP,
      targets: [ingest.loadBalancerTarget({ containerName: 'humtemp', containerPort: PORT.mqtt })],
      // The broker bounds what one address may have: it must see those of sensors.
      preserveClientIp: true,
      healthCheck: { protocol: Protocol.HTTP, path: '/readyz', port: `${PORT.health}` },
      deregistrationDelay: Duration.seconds(30),
    });
  new CfnOutput(scope, 'MqttAddress', { value: mqtt.loadBalancerDnsName });
  return { http, httpTargets, mqtt, mqttTargets };
}
