import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  LogQueryWidget,
  MathExpression,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface DashboardContent {
  readonly alarms: IAlarm[];
  /** What counts attempts, by label. */
  readonly attempts: Record<string, Metric>;
  readonly undelivered: Metric;
  /** Where the latest attempts are looked up, and how. */
  readonly log?: { readonly logGroup: ILogGroup; readonly query: string[] };
}

export function makeDashboard(monitor: Construct, { alarms, attempts, undelivered, log }: DashboardContent): Dashboard {
  const leftYAxis = { min: 0, showUnits: false };
  const dashboard = new Dashboard(monitor, 'Dashboard', {
    defaultInterval: Duration.days(7),
    widgets: [
      [new AlarmStatusWidget({ title: 'Use of secrets scheduled for deletion', alarms, width: 24 })],
      [
        new GraphWidget({
          title: 'Attempts over time',
          left: Object.entries(attempts).map(([label, metric]) => withZeros(label, metric)),
          leftYAxis,
          width: 16,
        }),
        new GraphWidget({
          title: 'Notices that could not be delivered',
          left: [withZeros('In the dead-letter queue', undelivered)],
          leftYAxis,
          width: 8,
        }),
      ],
    ],
  });
  if (log) {
    dashboard.addWidgets(
      new LogQueryWidget({
        title: 'Latest attempts by caller',
        logGroupNames: [log.logGroup.logGroupName],
        queryLines: log.query,
        width: 24,
        height: 8,
      }),
    );
  }
  return dashboard;
}

/** A line at zero where there are no data points: single points would hardly show in a graph. */
function withZeros(label: string, metric: Metric): MathExpression {
  const id = label.toLowerCase().replace(/[^a-z]/g, '');
  return new MathExpression({
    expression: `FILL(${id}, 0)`,
    usingMetrics: { [id]: metric },
    label,
    period: metric.period,
  });
}
