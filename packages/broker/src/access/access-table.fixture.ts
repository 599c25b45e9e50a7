/** What somebody tries at a broker, and whether it is allowed. */
export interface AccessCase {
  /** undefined: anonymous */
  readonly username: string | undefined;
  readonly clientId: string;
  /** will: the last will of the client, after its connection broke. */
  readonly way: 'publish' | 'receive' | 'will';
  readonly topic: string;
  readonly allowed: boolean;
}

/** Files for a broker that lets anonymous clients in, and cases to be put to it. Everybody has PASSWORD. */
export interface AccessTable {
  readonly name: string;
  readonly passwordFile: string;
  readonly aclFile: string;
  readonly cases: readonly AccessCase[];
}

export const PASSWORD = 'secret';
/** May read and write everything that the cases are about. */
export const OBSERVER = 'observer';

/** As mosquitto_passwd wrote it: `old` with -H sha512, `slow` with -I 5000, `empty` with no password. */
export const PASSWORD_FILE = `# accounts of the tests

observer:$7$101$KMyfsHBm7yJ+XN30$kpYNY39Ui/j4eqxgZ3pm1YIxgRsqnyylKfJrh4aIrt5lung3hZOiG88oYOPGYmQjy2/qivF+CEj4tJl3aF9d/A==
anna:$7$101$kqUX53C1cXCLB1uO$Wf3Eh2xIuTBLHLiMbJIIvFUNcYjrQrCX3O+t3rjaEoS7AWG5Owcab4Dho6QZW6b0P0HxUwIJZLGbhyh0SJdpng==
bert:$7$101$04/jVVeNuacvSCV4$sAW4sdOGxD2LhyDpqGsmSdL+AZKUs2ZabFqsVm+P3FfB17pr8ey4uj6vddXRns4ahf3MK/Wzgc7x1WLvHWUL9w==
eve:$7$101$0SB9dxkpxqg/xvLe$toAYEbHig2kmqPOVY1dbeLfB6v4wiykpAKkPS48sXsPv7gUEj44Fm3ENtMfnQcIek9T+3TOCvImG7f7DVt8tYQ==
lab/1:$7$101$XFMMl0Y3NZhWniNM$ShAhHXGB4ZNOG5cXQyN1nj9i8LMxXQ7GngpdvOov8ZzPukuHWZQRlYsiBivhmvoz6PlbAK4RiqLHosuRK39uGQ==
a+b:$7$101$Je1BQGvvFan0UaFh$Yd+Qmz2G8udp4ntEWDZFoEJI8d9OJnfsUM6LP2FzQJpZsw3Sznj/TIlOh77VnMB3lB4wyPqXPg/NwTSxzgjgCQ==
c#d:$7$101$VxAPNG+AJ13pls+q$EmnJaXWY/KfrFBldecindJ1r+pGQR+2tzFgkBiICwpOyLU/+s0g9j5KE+gfdK7RWZ1FLQxPqeN31GWoKgpWj9g==
two words:$7$101$SSPUCjXW+kCOFcbe$rBhPqWj/yoMLXLy1rrKKhTiZxZ6tgvsmOR9+riA7ogMKhh5HqNxPifYehABOmhvn4/Yh7ulhI1eQlIZJbRH6yA==
ümlaut:$7$101$YiliFilmq10HNDaK$JSsckEaJMRV0PiSZSGSwGwdKoiVeEcnyv7MqlSNOVVpRLM2DWTUYJYRv5Cm/6TGLNZKeaJSlLpFNeFDeboiXoQ==
old:$6$hTqP3xgRj9ejG7mk$QLbr1+Bjl9cKiJaRTtYTm2Es9YQnBt0NnHl5YBonPU2QvnVtwk7LnqHXDBCGEvOkKqqstf3a7KEXbafT3fTMGA==
slow:$7$5000$EI6/voQ4Q5TKnX1x$ZOeTWeST382yAOcHaiMZHXibuEoYWPQ8XfEMPqC+1Xip5i222Zd7paRZCdMEqztLxnm7qftWNQBf1vLJYqJYzg==
empty:$7$101$iPt9Z+CJPu6v3zFq$XaL2sf0bivhw56xq7vlmqHAq3yCIJdck9ojqamPw0J4YJxAvWWUPXX2AuyMg+nJ92y/nlus7eNnlnUg0lOlJFA==
`;

type Row = readonly [
  username: string | undefined,
  clientId: string,
  way: AccessCase['way'],
  topic: string,
  allowed: boolean,
];

function table(name: string, aclFile: string, rows: readonly Row[]): AccessTable {
  const cases = rows.map(([username, clientId, way, topic, allowed]) => ({
    username,
    clientId,
    way,
    topic,
    allowed,
  }));
  return { name, passwordFile: PASSWORD_FILE, aclFile, cases };
}

const anybody = undefined;

const TOPICS_AND_PATTERNS = table(
  'topic and pattern lines',
  `# Above the first user: anonymous clients.
topic read public/#
topic deny public/secret
topic write literal/%c

user ${OBSERVER}
topic #

user anna
topic readwrite labs/anna/#
topic deny labs/anna/private
topic read weather
topic write commands/+
 topic   write   indented
topic read words in a topic/+
topic write deep/+/end
topic write both/#
topic read both/#
topic write +/first
topic read closed/%u

user eve
topic readwrite files/open
topic deny files/#
topic deny everything

user a+b
topic write own

user two words
topic write spaced

user anna
topic write merged

pattern write labs/%u/observation
pattern read clients/%c/inbox
pattern readwrite %u/%c/%u
pattern readwrite open/#
pattern deny open/closed
pattern deny labs/%u/closed
pattern write %c%u
`,
  [
    ['anna', 'c1', 'publish', 'labs/anna/observation', true],
    ['anna', 'c1', 'publish', 'labs/anna', true],
    ['anna', 'c1', 'publish', 'labs/anna/a/b', true],
    ['anna', 'c1', 'publish', 'labs/ann', false],
    ['anna', 'c1', 'publish', 'labs/annabel/x', false],
    ['anna', 'c1', 'publish', 'labs/bert/observation', false],
    ['anna', 'c1', 'publish', 'labs/anna/private', false],
    ['anna', 'c1', 'receive', 'labs/anna/private', false],
    ['anna', 'c1', 'receive', 'labs/anna/x', true],
    ['anna', 'c1', 'publish', 'weather', false],
    ['anna', 'c1', 'receive', 'weather', true],
    ['anna', 'c1', 'receive', 'weather/today', false],
    ['anna', 'c1', 'publish', 'commands/go', true],
    ['anna', 'c1', 'receive', 'commands/go', false],
    ['anna', 'c1', 'publish', 'commands/go/on', false],
    ['anna', 'c1', 'publish', 'commands/', true],
    ['anna', 'c1', 'publish', 'commands', false],
    ['anna', 'c1', 'publish', 'indented', true],
    ['anna', 'c1', 'receive', 'words in a topic/x', true],
    ['anna', 'c1', 'publish', 'deep/x/end', true],
    ['anna', 'c1', 'publish', 'deep//end', true],
    ['anna', 'c1', 'publish', 'deep/x/y/end', false],
    ['anna', 'c1', 'publish', 'both/x', true],
    ['anna', 'c1', 'receive', 'both/x', true],
    ['anna', 'c1', 'publish', '/first', true],
    ['anna', 'c1', 'publish', 'merged', true],
    // %u stands for itself in a topic line.
    ['anna', 'c1', 'receive', 'closed/anna', false],
    ['anna', 'c1', 'receive', 'closed/%u', true],
    // A topic line that allows comes before a pattern that denies.
    ['anna', 'c1', 'publish', 'labs/anna/closed', true],
    ['anna', 'c1', 'will', 'labs/anna/observation', true],
    ['anna', 'c1', 'will', 'labs/bert/observation', false],

    ['eve', 'c1', 'publish', 'files/open', false],
    ['eve', 'c1', 'receive', 'files/open', false],
    ['eve', 'c1', 'publish', 'everything', false],
    ['eve', 'c1', 'publish', 'open/x', true],

    ['bert', 'c1', 'publish', 'labs/bert/observation', true],
    ['bert', 'c1', 'receive', 'labs/bert/observation', false],
    ['bert', 'c1', 'publish', 'labs/anna/observation', false],
    ['bert', 'c1', 'publish', 'labs/%u/observation', false],
    ['bert', 'c1', 'publish', 'public/x', false],
    ['bert', 'c1', 'receive', 'public/x', false],
    ['bert', 'c1', 'receive', 'clients/c1/inbox', true],
    ['bert', 'c1', 'receive', 'clients/c2/inbox', false],
    ['bert', 'c1', 'publish', 'clients/c1/inbox', false],
    ['bert', 'c1', 'publish', 'bert/c1/bert', true],
    ['bert', 'c1', 'publish', 'bert/c1/anna', false],
    ['bert', 'c1', 'publish', 'c1bert', true],
    ['bert', 'c1', 'publish', 'open/x', true],
    ['bert', 'c1', 'publish', 'open/closed', false],
    ['bert', 'c1', 'receive', 'open/closed', false],
    ['bert', 'c1', 'publish', 'open', true],
    ['bert', '%u', 'receive', 'clients/%u/inbox', true],
    ['bert', '%u', 'receive', 'clients/bert/inbox', false],
    ['bert', '$&', 'receive', 'clients/$&/inbox', true],
    ['bert', 'a/b', 'receive', 'clients/a/b/inbox', true],
    ['bert', 'c1', 'will', 'labs/bert/observation', true],
    ['bert', 'c1', 'will', 'labs/eve/observation', false],

    ['lab/1', 'c1', 'publish', 'labs/lab/1/observation', true],
    ['two words', 'c1', 'publish', 'spaced', true],
    ['two words', 'c1', 'publish', 'labs/two words/observation', true],
    ['ümlaut', 'c1', 'publish', 'labs/ümlaut/observation', true],
    ['ümlaut', 'c1', 'publish', 'labs/umlaut/observation', false],
    ['old', 'c1', 'publish', 'labs/old/observation', true],
    ['slow', 'c1', 'publish', 'labs/slow/observation', true],

    // With + or # in its name, a client has only what topic lines give it.
    ['a+b', 'c1', 'publish', 'own', true],
    ['a+b', 'c1', 'publish', 'open/x', false],
    ['c#d', 'c1', 'publish', 'open/x', false],
    ['bert', 'x+y', 'publish', 'open/x', false],
    ['bert', '#', 'receive', 'open/x', false],
    ['anna', 'x+y', 'publish', 'labs/anna/observation', true],

    [anybody, 'c1', 'receive', 'public/x', true],
    [anybody, 'c1', 'receive', 'public', true],
    [anybody, 'c1', 'publish', 'public/x', false],
    [anybody, 'c1', 'receive', 'public/secret', false],
    [anybody, 'c1', 'publish', 'literal/c1', false],
    [anybody, 'c1', 'publish', 'literal/%c', true],
    [anybody, 'c1', 'receive', 'clients/c1/inbox', true],
    [anybody, 'c1', 'publish', 'open/x', true],
    [anybody, 'c1', 'publish', 'open/closed', false],
    // Patterns with %u pass over anonymous clients, also those that deny.
    [anybody, 'c1', 'publish', 'labs//observation', false],
    [anybody, 'c1', 'publish', 'labs/%u/observation', false],
    [anybody, 'c1', 'publish', 'labs/undefined/observation', false],
    [anybody, 'c1', 'publish', 'c1', false],
    [anybody, 'c1', 'will', 'open/x', true],
    [anybody, 'c1', 'will', 'open/closed', false],
  ],
);

const TOPICS_ONLY = table(
  'topic lines only',
  `user ${OBSERVER}
topic #
user a+b
topic write +/x
user anna
topic read #
topic deny +/+/no
user lab/1
topic write labs/+/#
`,
  [
    ['a+b', 'x+y', 'publish', 'any/x', true],
    ['a+b', 'x+y', 'publish', 'any/y', false],
    ['anna', 'c1', 'receive', 'any', true],
    ['anna', 'c1', 'receive', 'a/b/no', false],
    ['anna', 'c1', 'receive', 'a//no', false],
    ['anna', 'c1', 'receive', 'a/no', true],
    ['anna', 'c1', 'receive', '/', true],
    ['lab/1', 'c1', 'publish', 'labs/a', true],
    ['lab/1', 'c1', 'publish', 'labs/', true],
    ['lab/1', 'c1', 'publish', 'labs', false],
    ['bert', 'c1', 'publish', 'labs/bert', false],
    ['bert', 'c1', 'receive', 'labs/bert', false],
    [anybody, 'c1', 'publish', 'any/x', false],
    [anybody, 'c1', 'receive', 'any/x', false],
  ],
);

const ANONYMOUS_DENIALS = table(
  'denials alone, and a file that ends without a line break',
  `user ${OBSERVER}\r
topic #\r
user bert\r
topic deny labs/bert/closed\r
pattern deny never/%c\r
pattern readwrite never/#\r
\r
   \r
pattern deny labs/%u/gone\r
pattern labs/#`,
  [
    ['bert', 'c1', 'publish', 'labs/bert/closed', false],
    ['bert', 'c1', 'publish', 'labs/bert/gone', false],
    ['bert', 'c1', 'publish', 'labs/anna/gone', true],
    ['bert', 'c1', 'receive', 'never/c1', false],
    ['bert', 'c1', 'receive', 'never/c2', true],
    [anybody, 'c1', 'publish', 'labs/bert/gone', true],
    [anybody, 'c1', 'publish', 'labs/%u/gone', true],
    [anybody, 'c1', 'publish', 'labs/bert/closed', true],
    [anybody, 'c1', 'publish', 'never/c1', false],
  ],
);

/** Topics that any client may use, if it may. */
export const ACCESS_TABLES: readonly AccessTable[] = [TOPICS_AND_PATTERNS, TOPICS_ONLY, ANONYMOUS_DENIALS];

/** Topics that start with $. A broker may refuse to publish on them altogether. */
export const DOLLAR_TABLE = table(
  'topics of the broker itself',
  `user ${OBSERVER}
topic #
topic $own/#
topic $SYS/#
user anna
topic $own/a/#
topic #
user bert
topic $SYS/#
pattern write $own/%u
`,
  [
    ['anna', 'c1', 'publish', '$own/a/x', true],
    ['anna', 'c1', 'receive', '$own/a/x', true],
    ['anna', 'c1', 'publish', '$own/b', false],
    ['anna', 'c1', 'receive', '$own/b', false],
    ['anna', 'c1', 'publish', '$own/anna', true],
    ['bert', 'c1', 'publish', '$SYS/x', false],
    ['bert', 'c1', 'publish', '$SYSTEM', false],
    ['bert', 'c1', 'publish', '$SYS/broker/connection/bridge/state', true],
    ['bert', 'c1', 'receive', '$SYS/broker/connection/bridge/state', true],
    ['anna', 'c1', 'publish', '$SYS/broker/connection/bridge/state', false],
    ['anna', 'c1', 'will', '$own/a/x', true],
    ['anna', 'c1', 'will', '$own/b', false],
  ],
);
