/** Draws docs/dashboard.svg: how `DuckDbDashboard` lays out the graphs of a function, from the body of a dashboard. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DuckDbDashboard, DuckDbQueryFunction, S3Step } from '../src';

const UNIT = 40;
const COLORS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#9467bd', '#8c564b', '#e377c2'];
const FONT = 'font-family="Helvetica, Arial, sans-serif"';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: { markdown?: string; title?: string; metrics?: any[][]; annotations?: { horizontal?: { label: string }[] } };
}

/** The picture of the dashboard of the example's function. */
export function dashboardPicture(): string {
  const widgets = exampleWidgets();
  const height = Math.max(...widgets.map((widget) => widget.y + widget.height)) * UNIT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${24 * UNIT} ${height}" ${FONT} font-size="13">`,
    '<rect width="100%" height="100%" fill="#f2f3f3"/>',
    ...widgets.map(drawn),
    '</svg>',
    '',
  ].join('\n');
}

function exampleWidgets(): Widget[] {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Sales');
  const sales = new DuckDbQueryFunction(stack, 'Sales', {
    queries: join(__dirname, '..', 'examples', 'step-functions', 'queries'),
    bootstrap: [new S3Step({ buckets: [Bucket.fromBucketName(stack, 'Lake', 'lake')] })],
    results: { bucket: Bucket.fromBucketName(stack, 'Results', 'results'), prefix: 'results/' },
    metrics: true,
  });
  new DuckDbDashboard(stack, 'Dashboard', { functions: [sales] });
  const [dashboard] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard!.Properties.DashboardBody['Fn::Join'][1];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'token')).join('')).widgets;
}

function drawn({ x, y, width, height, properties: { markdown, title, metrics = [], annotations } }: Widget): string {
  const [left, top, right, bottom] = [x * UNIT, y * UNIT, (x + width) * UNIT, (y + height) * UNIT];
  if (markdown !== undefined) return text(left + 12, top + 27, markdown.replace(/^#+ /, ''), '#16191f', 'font-size="18" font-weight="bold"');
  const [axisLeft, axisTop, axisRight, axisBottom] = [left + 24, top + 44, right - 20, bottom - 52];
  const limits = annotations?.horizontal ?? [];
  const legend = [
    ...metrics.map((metric, index) => ({ label: metric.at(-1).label || 'one line a code', color: COLORS[index % COLORS.length]! })),
    ...limits.map(({ label }) => ({ label, color: '#d62728' })),
  ];
  return [
    `<rect x="${left + 4}" y="${top + 4}" width="${right - left - 8}" height="${bottom - top - 8}" rx="4" fill="white" stroke="#d5dbdb"/>`,
    text(left + 16, top + 28, title!, '#16191f', 'font-weight="bold"'),
    `<path d="M${axisLeft} ${axisTop}V${axisBottom}H${axisRight}" fill="none" stroke="#879596"/>`,
    ...limits.map(() => `<path d="M${axisLeft} ${axisTop + 8}H${axisRight}" stroke="#d62728" stroke-dasharray="6 3"/>`),
    ...placed(legend, axisLeft, axisRight, bottom - 34),
  ].join('\n');
}

/** The legend, in as many lines as it takes. */
function placed(legend: readonly { label: string; color: string }[], left: number, right: number, top: number): string[] {
  let [x, y] = [left, top];
  return legend.map(({ label, color }) => {
    const width = 18 + label.length * 8 + 12;
    if (x + width > right && x > left) [x, y] = [left, y + 17];
    const shown = `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${color}"/>${text(x + 15, y, label, '#545b64')}`;
    x += width;
    return shown;
  });
}

function text(x: number, y: number, content: string, color: string, more = ''): string {
  return `<text x="${x}" y="${y}" fill="${color}"${more && ` ${more}`}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

if (require.main === module) writeFileSync(join(__dirname, '..', 'docs', 'dashboard.svg'), dashboardPicture());
