import { Duration } from 'aws-cdk-lib';
import type { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  Secret as ContainerSecret,
  FargateService,
  FargateTaskDefinition,
  LinuxParameters,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { Cache } from './cache.js';
import { type Network, PORT } from './network.js';
import type { StackSettings } from './settings.js';

const COMMAND = 'node --v8-pool-size=0 /humtemp/node_modules/humtemp/bin/humtemp.js';

export interface Services {
  readonly cluster: Cluster;
  readonly api: FargateService;
  /** The embedded broker, or the workers of an external one. */
  readonly ingest: FargateService;
  readonly logs: LogGroup;
}

/** What differs between the services. */
interface ServiceParts {
  readonly role: 'api' | 'broker' | 'worker';
  readonly group: SecurityGroup;
  readonly count: number;
  readonly ports: readonly number[];
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets?: Readonly<Record<string, ContainerSecret>>;
  /** A variable that names a file, and the secret whose text the file is to have. */
  readonly file?: { readonly variable: string; readonly secret: ISecret };
}

/** The processes: containers without root, rights or a file system that can be written, but for /data. */
export function services(
  scope: Construct,
  net: Network,
  repository: Repository,
  store: Cache,
  settings: StackSettings,
): Services {
  const { vpc } = net;
  const cluster = new Cluster(scope, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
  const logs = new LogGroup(scope, 'Logs', { retention: RetentionDays.ONE_MONTH });
  const image = ContainerImage.fromEcrRepository(repository, settings.version);
  const secret = (id: string, name: string) => Secret.fromSecretNameV2(scope, id, name);

  const service = (id: string, parts: ServiceParts): FargateService => {
    const { role, group, count, ports, environment, secrets = {}, file } = parts;
    const task = new FargateTaskDefinition(scope, `${id}Task`, {
      cpu: settings.cpu,
      memoryLimitMiB: settings.memoryMib,
      volumes: [{ name: 'data' }],
    });
    const rights = new LinuxParameters(scope, `${id}Rights`, { initProcessEnabled: true });
    const container = task.addContainer('humtemp', {
      image,
      // A file of accounts or tokens: Fargate hands secrets over in variables only.
      ...(file === undefined
        ? { command: [role] }
        : {
            entryPoint: ['sh', '-c'],
            command: [
              `umask 077; printf '%s\\n' "$SECRET_FILE" > /data/secret; unset SECRET_FILE; exec ${COMMAND} ${role}`,
            ],
          }),
      environment: {
        HUMTEMP_HEALTH_HOST: '0.0.0.0',
        HUMTEMP_HEALTH_PORT: `${PORT.health}`,
        HUMTEMP_DURABILITY: settings.durability,
        ...(file === undefined ? {} : { [file.variable]: '/data/secret' }),
        ...environment,
      },
      secrets: {
        HUMTEMP_REDIS_URL: ContainerSecret.fromSecretsManager(store.url),
        ...(file === undefined ? {} : { SECRET_FILE: ContainerSecret.fromSecretsManager(file.secret) }),
        ...secrets,
      },
      portMappings: [...ports, PORT.health].map((containerPort) => ({ containerPort })),
      readonlyRootFilesystem: true,
      user: '1000:1000',
      linuxParameters: rights,
      // Longer than HUMTEMP_STOP_GRACE and what closes after it.
      stopTimeout: Duration.seconds(30),
      logging: LogDrivers.awsLogs({ logGroup: logs, streamPrefix: role }),
      healthCheck: {
        command: ['CMD-SHELL', `${COMMAND} health --live`],
        timeout: Duration.seconds(10),
        startPeriod: Duration.seconds(60),
      },
    });
    container.addMountPoints({ sourceVolume: 'data', containerPath: '/data', readOnly: false });
    const isBroker = role === 'broker';
    return new FargateService(scope, id, {
      cluster,
      taskDefinition: task,
      desiredCount: count,
      securityGroups: [group],
      vpcSubnets: { subnets: vpc.privateSubnets },
      // A version that does not become healthy is taken back to the one before.
      circuitBreaker: { rollback: true },
      // Two brokers at once would each have half of the sensors' sessions.
      minHealthyPercent: isBroker ? 0 : 100,
      maxHealthyPercent: isBroker ? 100 : 200,
    });
  };

  const api = service('Api', {
    role: 'api',
    group: net.api,
    count: 2,
    ports: [PORT.http],
    environment: { HUMTEMP_API_HOST: '0.0.0.0', HUMTEMP_PUBLIC_HOSTS: '*' },
    file: {
      variable: 'HUMTEMP_API_TOKENS_FILE',
      secret: secret('Tokens', settings.tokensSecretName),
    },
  });
  if (settings.broker.kind === 'embedded') {
    const accounts = secret('Accounts', settings.broker.accountsSecretName);
    const ingest = service('Broker', {
      role: 'broker',
      group: net.ingest,
      count: 1,
      ports: [PORT.mqtt],
      environment: { HUMTEMP_MQTT_HOST: '0.0.0.0' },
      file: { variable: 'HUMTEMP_MQTT_PASSWORD_FILE', secret: accounts },
    });
    return { cluster, api, ingest, logs };
  }
  const url = secret('MqttUrl', settings.broker.urlSecretName);
  const ingest = service('Worker', {
    role: 'worker',
    group: net.ingest,
    count: settings.broker.workers,
    ports: [],
    environment: {},
    secrets: { HUMTEMP_MQTT_URL: ContainerSecret.fromSecretsManager(url) },
  });
  const scaling = ingest.autoScaleTaskCount({
    minCapacity: settings.broker.workers,
    maxCapacity: settings.broker.workersMax,
  });
  // CloudWatch does not have humtemp_lag_seconds by itself; a worker that lags is one that is busy.
  scaling.scaleOnCpuUtilization('Busy', {
    targetUtilizationPercent: 60,
    scaleInCooldown: Duration.minutes(10),
  });
  return { cluster, api, ingest, logs };
}
