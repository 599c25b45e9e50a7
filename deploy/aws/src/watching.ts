import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Balancers } from './balancers.js';
import type { Cache } from './cache.js';
import type { Services } from './services.js';

interface Watch {
  readonly id: string;
  readonly title: string;
  readonly metric: IMetric;
  /** Alarms when it is above (or below) this for so many periods. */
  readonly above?: number;
  readonly below?: number;
  readonly periods: number;
  /** Whether silence is trouble, too. */
  readonly mustBeThere?: boolean;
}

/** Alarms, which go to one topic, and a dashboard of the same metrics. */
export function watching(
  scope: Construct,
  { cluster, api, ingest, logs }: Services,
  { group }: Cache,
  { http, httpTargets, mqttTargets }: Balancers,
): void {
  const topic = new Topic(scope, 'Alarms');
  const minute = Duration.minutes(1);
  const cacheMetric = (metricName: string, statistic = 'Maximum') =>
    new Metric({
      namespace: 'AWS/ElastiCache',
      metricName,
      statistic,
      period: minute,
      // The primary of a new group; after a failover the other one.
      dimensionsMap: { CacheClusterId: `${group.ref}-001`, CacheNodeId: '0001' },
    });
  const running = (serviceName: string) =>
    new Metric({
      namespace: 'ECS/ContainerInsights',
      metricName: 'RunningTaskCount',
      statistic: 'Minimum',
      period: minute,
      dimensionsMap: { ClusterName: cluster.clusterName, ServiceName: serviceName },
    });
  const failedCommits = new MetricFilter(scope, 'FailedCommits', {
    logGroup: logs,
    metricNamespace: 'humtemp',
    metricName: 'FailedCommits',
    filterPattern: FilterPattern.stringValue('$.msg', '=', 'commit failed*'),
    metricValue: '1',
    defaultValue: 0,
  });
  const watches: Watch[] = [
    {
      id: 'ApiRuns',
      title: 'API processes',
      metric: running(api.serviceName),
      below: 1,
      periods: 3,
      mustBeThere: true,
    },
    {
      id: 'IngestRuns',
      title: 'broker or workers',
      metric: running(ingest.serviceName),
      below: 1,
      periods: 3,
      mustBeThere: true,
    },
    {
      id: 'ApiBusy',
      title: 'API: CPU, %',
      metric: api.metricCpuUtilization({ period: minute }),
      above: 80,
      periods: 10,
    },
    {
      id: 'IngestBusy',
      title: 'broker or workers: CPU, %',
      metric: ingest.metricCpuUtilization({ period: minute }),
      above: 70,
      periods: 10,
    },
    {
      id: 'IngestMemory',
      title: 'broker or workers: memory, %',
      metric: ingest.metricMemoryUtilization({ period: minute }),
      above: 85,
      periods: 5,
    },
    {
      id: 'RequestsFail',
      title: 'answers that are 5xx, %',
      metric: new MathExpression({
        expression: '100 * failed / requests',
        period: minute,
        usingMetrics: {
          failed: httpTargets.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period: minute }),
          requests: http.metrics.requestCount({ period: minute }),
        },
      }),
      above: 5,
      periods: 5,
    },
    {
      id: 'ApiUnready',
      title: 'API: not ready',
      metric: httpTargets.metrics.unhealthyHostCount({ period: minute }),
      above: 0,
      periods: 3,
    },
    ...(mqttTargets === undefined
      ? []
      : [
          {
            id: 'BrokerUnready',
            title: 'broker: not ready',
            metric: mqttTargets.metrics.unHealthyHostCount({ period: minute }),
            above: 0,
            periods: 2,
          },
        ]),
    {
      id: 'CommitsFail',
      title: 'log lines of failed commits',
      metric: failedCommits.metric({ period: minute, statistic: 'Sum' }),
      above: 0,
      periods: 3,
    },
    {
      id: 'CacheFull',
      title: 'cache: memory, %',
      metric: cacheMetric('DatabaseMemoryUsagePercentage'),
      above: 75,
      periods: 5,
    },
    {
      id: 'CacheBusy',
      title: 'cache: CPU of its engine, %',
      metric: cacheMetric('EngineCPUUtilization'),
      above: 65,
      periods: 10,
    },
    {
      id: 'CacheEvicts',
      title: 'cache: evictions',
      metric: cacheMetric('Evictions', 'Sum'),
      above: 0,
      periods: 1,
    },
  ];
  for (const { id, title, metric, above, below, periods, mustBeThere } of watches)
    new Alarm(scope, id, {
      alarmDescription: title,
      metric,
      threshold: above ?? below!,
      comparisonOperator:
        above === undefined
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: mustBeThere ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    }).addAlarmAction(new SnsAction(topic));
  new Dashboard(scope, 'Dashboard', {
    widgets: [watches.map(({ title, metric }) => new GraphWidget({ title, left: [metric], width: 8 }))],
  });
}
