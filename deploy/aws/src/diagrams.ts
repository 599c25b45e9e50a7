/** The resources of a synthesized template, by their logical ids. */
export type Resources = Readonly<Record<string, Resource>>;

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of resource has properties of its own
  readonly Properties: any;
}

interface Box {
  readonly title: string;
  readonly lines: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly isFrame?: boolean;
}

interface Arrow {
  readonly from: Box;
  readonly to: Box;
  readonly label: string;
}

const COLUMN = 220;
const ROW = 110;
const SIZE = { w: 160, h: 66 } as const;

/** What hands what to whom: sensors and readers, load balancers, services, cache, registry, secrets, alarms. */
export function applicationDiagram(resources: Resources): string {
  const all = listed(resources);
  const box = (column: number, row: number, title: string, ...lines: string[]): Box => ({
    title,
    lines,
    x: 20 + column * COLUMN,
    y: 20 + row * ROW,
    ...SIZE,
  });
  const listeners = all('AWS::ElasticLoadBalancingV2::Listener').map(({ Properties }) => Properties);
  const listener = (protocol: string) => listeners.find(({ Protocol }) => Protocol === protocol);
  const tasks = all('AWS::ECS::TaskDefinition').map(({ Properties }) => Properties);
  const taskOf = (role: string) =>
    tasks.find(({ ContainerDefinitions: [{ Command }] }) => JSON.stringify(Command).includes(role));
  const size = (role: string) => {
    const { Cpu, Memory } = taskOf(role)!;
    return `${Number(Cpu) / 1024} vCPU, ${Memory} MiB`;
  };
  const [{ Properties: cache }] = all('AWS::ElastiCache::ReplicationGroup') as [Resource];
  const ingest = taskOf('broker') === undefined ? 'worker' : 'broker';
  const sensors = box(0, 0, 'sensors');
  const readers = box(0, 2, 'readers');
  const mqtt = box(1, 0, 'NLB', `TLS, ${listener('TLS')?.Port ?? 'none'}`);
  const http = box(1, 2, 'ALB', `HTTPS, ${listener('HTTPS').Port}`);
  const broker = box(2, 0, `ECS: ${ingest}`, size(ingest));
  const api = box(2, 2, 'ECS: API', size(' api'));
  const redis = box(
    3,
    1,
    `ElastiCache: ${cache.Engine}`,
    `${cache.NumCacheClusters} × ${cache.CacheNodeType}`,
  );
  const registry = box(3, 0, 'ECR', 'one tag a version');
  const secrets = box(3, 2, 'Secrets Manager', `${all('AWS::SecretsManager::Secret').length} made here`);
  const alarms = box(2, 3, 'CloudWatch', `${all('AWS::CloudWatch::Alarm').length} alarms, a dashboard`);
  const topic = box(3, 3, 'SNS', 'who is on duty');
  return svg(
    'humtemp on AWS: what hands what to whom',
    [sensors, readers, mqtt, http, broker, api, redis, registry, secrets, alarms, topic],
    [
      { from: sensors, to: mqtt, label: 'publish' },
      { from: mqtt, to: broker, label: 'TCP' },
      { from: broker, to: redis, label: 'commit' },
      { from: readers, to: http, label: 'GET' },
      { from: http, to: api, label: 'HTTP' },
      { from: api, to: redis, label: 'read' },
      { from: api, to: alarms, label: 'metrics, log' },
      { from: alarms, to: topic, label: 'alarm' },
    ],
  );
}

/** Subnets and zones, what stands in them, and who may speak to whom on which port. */
export function networkDiagram(resources: Resources): string {
  const all = listed(resources);
  const subnets = all('AWS::EC2::Subnet').map(({ Properties }) => ({
    cidr: Properties.CidrBlock as string,
    name: Properties.Tags.find(({ Key }: { Key: string }) => Key === 'aws-cdk:subnet-name').Value as string,
  }));
  const [{ Properties: vpc }] = all('AWS::EC2::VPC') as [Resource];
  const inSubnet: Readonly<Record<string, string>> = {
    public: `load balancers; NATs: ${all('AWS::EC2::NatGateway').length}`,
    processes: 'ECS tasks',
    cache: 'ElastiCache',
  };
  const names = [...new Set(subnets.map(({ name }) => name))];
  const boxes: Box[] = names.flatMap((name, row) =>
    subnets
      .filter((subnet) => subnet.name === name)
      .map(({ cidr }, zone) => ({
        title: `${name}, zone ${zone + 1}`,
        lines: [cidr, inSubnet[name] ?? ''],
        x: 60 + zone * 200,
        y: 70 + row * ROW,
        w: 180,
        h: 80,
      })),
  );
  const frame: Box = {
    title: `VPC ${vpc.CidrBlock}`,
    lines: [],
    x: 40,
    y: 30,
    w: 420,
    h: 40 + names.length * ROW,
    isFrame: true,
  };
  const rules = [
    ...all('AWS::EC2::SecurityGroup').flatMap(({ Properties }) =>
      (Properties.SecurityGroupIngress ?? []).map(
        ({ CidrIp, FromPort }: { CidrIp: string; FromPort: number }) =>
          `${CidrIp} → ${Properties.GroupDescription}: ${FromPort}`,
      ),
    ),
    ...all('AWS::EC2::SecurityGroupIngress').map(
      ({ Properties }) =>
        `${describe(resources, Properties.SourceSecurityGroupId)} → ${describe(resources, Properties.GroupId)}: ${Properties.FromPort}`,
    ),
  ].sort();
  const list: Box = {
    title: 'who may speak to whom',
    lines: rules,
    x: 500,
    y: 30,
    w: 440,
    h: 40 + 18 * rules.length,
  };
  return svg('humtemp on AWS: subnets, and who may speak to whom', [frame, ...boxes, list], []);
}

function listed(resources: Resources) {
  return (type: string): Resource[] => Object.values(resources).filter(({ Type }) => Type === type);
}

/** The description of the security group that a reference names. */
function describe(resources: Resources, reference: { 'Fn::GetAtt'?: [string, string] }): string {
  const id = reference['Fn::GetAtt']?.[0] ?? '';
  return (resources[id]?.Properties.GroupDescription as string | undefined) ?? id;
}

function svg(title: string, boxes: readonly Box[], arrows: readonly Arrow[]): string {
  const width = Math.max(...boxes.map(({ x, w }) => x + w)) + 20;
  const height = Math.max(...boxes.map(({ y, h }) => y + h)) + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#456"/></marker></defs>
<rect width="${width}" height="${height}" fill="#fff"/>
${arrows.map(arrowSvg).join('\n')}
${boxes.map(boxSvg).join('\n')}
</svg>
`;
}

function boxSvg({ title, lines, x, y, w, h, isFrame }: Box): string {
  const fill = isFrame ? 'none' : '#eef4f8';
  const texts = lines.map(
    (line, i) => `<text x="${x + 10}" y="${y + 40 + i * 18}" fill="#345">${escaped(line)}</text>`,
  );
  return `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="6" fill="${fill}" stroke="#89a"/><text x="${x + 10}" y="${y + 20}" font-weight="bold" fill="#123">${escaped(title)}</text>${texts.join('')}`;
}

function arrowSvg({ from, to, label }: Arrow): string {
  const isDown = from.x === to.x;
  const x1 = isDown ? from.x + from.w / 2 : from.x + from.w;
  const y1 = isDown ? from.y + from.h : from.y + from.h / 2;
  const x2 = isDown ? to.x + to.w / 2 : to.x;
  const y2 = isDown ? to.y : to.y + to.h / 2;
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#456" marker-end="url(#tip)"/><text x="${(x1 + x2) / 2}" y="${(y1 + y2) / 2 - 5}" text-anchor="middle" fill="#456">${escaped(label)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
