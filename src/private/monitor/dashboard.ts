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
  /** What is scheduled for deletion: how many secrets, how many days are left, and where they are listed. */
  readonly pending?: { readonly secrets: Metric; readonly daysLeft: Metric; readonly logGroup: ILogGroup };
  /** Where the latest attempts are looked up, and how. */
  readonly log?: { readonly logGroup: ILogGroup; readonly query: string[] };
}

export function makeDashboard(monitor: Construct, content: DashboardContent): Dashboard {
  const { alarms, attempts, undelivered, pending, log } = content;
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
  if (pending) {
    const graph = (title: string, metric: Metric) =>
      new GraphWidget({ title, left: [metric], leftYAxis, width: 12, period: metric.period });
    dashboard.addWidgets(
      graph('Secrets scheduled for deletion', pending.secrets),
      graph('Days until the next one is deleted for good', pending.daysLeft),
    );
    dashboard.addWidgets(
      new LogQueryWidget({
        title: 'Scheduled for deletion, by the daily check',
        logGroupNames: [pending.logGroup.logGroupName],
        queryLines: PENDING_QUERY,
        width: 24,
        height: 8,
      }),
    );
  }
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

/** Whatever was restored or deleted since then is shown with the last check that found it. */
const PENDING_QUERY = [
  'stats latest(checked) as lastCheck, latest(deletion) as deletionDate, latest(daysLeft) as days, ' +
    'latest(holder) as belongsTo, latest(lastUsed) as used by secret',
  'sort lastCheck desc, days asc',
  'limit 100',
];

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
