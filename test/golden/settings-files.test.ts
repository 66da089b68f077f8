import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { OpsClient } from '../support/ops-client.ts';

const token = 'golden-token-0123456789';

describe('.env', () => {
  it('BAD-env-inline-comments PF-A6: comments, blanks, quotes, CRLF and a BOM are read as meant', async () => {
    const home = new TestHome();
    try {
      const lines = [
        '# limits of this machine',
        '',
        'EXAI_WS_MAX_BYTES= 33554432 #(32 MB frame limit)',
        'EXAI_WS_TOKEN = golden#token#0123456789 # not the end: a # in a word belongs to it',
        'export EXAI_WS_SESSION_MAX_INFLIGHT=5',
        "  EXAI_WS_CALL_TIMEOUT  =  '30'  ",
        'EXAI_WS_QUEUE_MAX="2"\t# two',
        'EXAI_SESSION_GRACE_SECS=',
      ];
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, `\uFEFF${lines.join('\r\n')}\r\n`, { mode: 0o600 });
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello({ token: 'golden#token#0123456789' })).toMatchObject({
        ok: true,
        auth: 'shared',
        limits: {
          maxFrameBytes: 33_554_432,
          sessionMaxInflight: 5,
          callTimeoutMs: 30_000,
          queueMax: 2,
          graceMs: 120_000,
        },
      });
      const cut = await OpsClient.connect({ port: daemon.port });
      expect(await cut.hello({ token: 'golden' })).toMatchObject({ ok: false, error: 'unauthorized' });
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-env-inline-comments: the runbook’s empty token means none', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, 'EXAI_WS_TOKEN = #(optional)\n');
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello({ token: '' })).toMatchObject({ ok: true, auth: 'disabled' });
    } finally {
      await home.cleanUp();
    }
  });

  it.each([
    ['a line that is none', 'EXAI_WS_PORT=0\n\nthis is no setting\n', /^exai: \.env line 3: [^\n]*\n$/],
    [
      'a value out of range',
      'EXAI_WS_CALL_TIMEOUT=1 # s\n',
      /^exai: EXAI_WS_CALL_TIMEOUT="1" \(from \.env line 1\): [^\n]*3[^\n]*\n$/,
    ],
    ['an open quote', "EXAI_WS_TOKEN='golden-token-0123456789\n", /^exai: \.env line 1: (?![^\n]*golden)[^\n]*\n$/],
  ])('BAD-env-inline-comments: %s is exit 78, naming file and line', async (_what, text, message) => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, text, { mode: 0o600 });
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: '' } });
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stderr).toMatch(message);
    } finally {
      await home.cleanUp();
    }
  });
});

describe.runIf(process.platform !== 'win32')('secrets that others can read', () => {
  const refusal = async (prepare: (home: TestHome) => void) => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.credentialsDir, { recursive: true, mode: 0o700 });
      prepare(home);
      const daemon = home.spawnDaemon();
      const { code } = await daemon.exited;
      return { code, stderr: daemon.stderr, stdout: daemon.stdout };
    } finally {
      await home.cleanUp();
    }
  };
  const record = JSON.stringify({ generation: 1, token, retired: [] });

  it.each<[string, (home: TestHome) => void, RegExp]>([
    [
      '.env with a token, 0644',
      (home) => writeFileSync(home.layout.envFile, `EXAI_WS_TOKEN=${token}\n`, { mode: 0o644 }),
      /chmod 600 \S*\.env\n$/,
    ],
    [
      'the token record, 0640',
      (home) => writeFileSync(home.layout.sharedTokenFile, record, { mode: 0o640 }),
      /chmod 600 \S*shared\.json\n$/,
    ],
    [
      'the token file, 0644',
      (home) => {
        writeFileSync(home.layout.sharedTokenFile, record, { mode: 0o600 });
        writeFileSync(join(home.layout.credentialsDir, 'shared.token'), `${token}\n`, { mode: 0o644 });
      },
      /chmod 600 \S*shared\.token\n$/,
    ],
    [
      'the directory of the credentials, 0755',
      (home) => chmodSync(home.layout.credentialsDir, 0o755),
      /chmod 700 \S*credentials\n$/,
    ],
    ['the state directory, 0755', (home) => chmodSync(home.stateDir, 0o755), /chmod 700 \S*state\n$/],
  ])(
    'BAD-world-readable MAIN-private-state: %s: exit 78 with the command that mends it',
    async (_what, prepare, message) => {
      const { code, stderr, stdout } = await refusal(prepare);
      expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 78, stdout: '', lines: 1 });
      expect(stderr).toMatch(/^exai: /);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain(token);
    },
  );

  it('BAD-world-readable: an .env without secrets may be read by anybody', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, 'EXAI_WS_QUEUE_MAX=2\n', { mode: 0o644 });
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello()).toMatchObject({ ok: true, limits: { queueMax: 2 } });
    } finally {
      await home.cleanUp();
    }
  });

  it.each([
    ['', 'empty'],
    ['{"generation":1,"token":""}', 'without a token'],
    ['{"generation":1,"tok', 'cut off'],
  ])(
    'BAD-empty-token-file PF-A1: a token record that reads %j (%s) never switches authentication off',
    async (text) => {
      const { code, stderr } = await refusal((home) =>
        writeFileSync(home.layout.sharedTokenFile, text, { mode: 0o600 }),
      );
      expect(code).toBe(78);
      expect(stderr).toMatch(/^exai: [^\n]*shared\.json is damaged[^\n]*EXAI_WS_TOKEN[^\n]*\n$/);
    },
  );

  it('MAIN-private-state: everything the daemon makes is its user’s alone', async () => {
    const home = new TestHome();
    try {
      await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const listed = spawnSync('find', [home.stateDir, '-printf', '%m %y %P\n'], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n');
      expect(listed.length).toBeGreaterThan(10);
      expect(listed.filter((line) => !/^(?:700 d|600 [fs]) /.test(line))).toEqual([]);
    } finally {
      await home.cleanUp();
    }
  });
});
