import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';

const token = 'golden-token-0123456789';

describe('token rotation', () => {
  const next = 'golden-next-token-98765';
  const rotate = (old: unknown, fresh: unknown) => ({ op: 'rotate_token', request_id: 'r', old, new: fresh });

  it('WIRE-O12 PF-A5 TOKEN-rotate-ops TOKEN-sessions-live: rotates, keeps open sessions, and survives a restart', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration: before } = await client.hello({ token });
      const bystander = await OpsClient.connect({ port: daemon.port });
      await bystander.hello({ token });
      client.send(rotate(token, next));
      expect(await client.next()).toEqual({
        op: 'rotate_token_res',
        request_id: 'r',
        ok: true,
        tokenGeneration: Number(before) + 1,
      });
      for (const open of [client, bystander]) {
        open.send({ op: 'call_tool', request_id: 'v', name: 'version', arguments: {} });
        expect(await open.frame({ op: 'call_tool_res' })).toMatchObject({ ok: true });
      }
      const tryToken = async (port: number, candidate: string) => {
        const newcomer = await OpsClient.connect({ port });
        const ack = await newcomer.hello({ token: candidate });
        newcomer.terminate();
        return ack;
      };
      expect(await tryToken(daemon.port, token)).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await tryToken(daemon.port, next)).toMatchObject({ ok: true, tokenGeneration: Number(before) + 1 });
      expect(readFileSync(join(home.layout.credentialsDir, 'shared.token'), 'utf8').trim()).toBe(next);
      await daemon.stop();

      // WIRE-O13: the environment still names the old token
      const again = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      expect(await tryToken(again.port, token)).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await tryToken(again.port, next)).toMatchObject({ ok: true, warnings: ['TOKEN_ENV_STALE'] });
      expect(again.stderr).toContain('TOKEN_ENV_STALE');
      expect(again.stderr).not.toContain(token);
      expect(again.stderr).not.toContain(next);
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12 TOKEN-crash-safe: killed right after it has answered, or before, exactly one token is valid', async () => {
    const home = new TestHome();
    try {
      let current = token;
      for (let round = 0; round < 4; round += 1) {
        const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
        const client = await OpsClient.connect({ socketPath: daemon.localSocket });
        expect(await client.hello({ token: current })).toMatchObject({ ok: true });
        const fresh = `golden-round-token-${round}-0123456789`;
        client.send(rotate(current, fresh));
        if (round % 2 === 0) await client.next();
        await daemon.kill('SIGKILL');
        const after = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
        const accepted: string[] = [];
        for (const candidate of [current, fresh]) {
          const newcomer = await OpsClient.connect({ socketPath: after.localSocket });
          if ((await newcomer.hello({ token: candidate }))['ok'] === true) accepted.push(candidate);
        }
        expect(accepted).toHaveLength(1);
        if (round % 2 === 0) expect(accepted).toEqual([fresh]);
        current = accepted[0] ?? '';
        expect(readFileSync(join(home.layout.credentialsDir, 'shared.token'), 'utf8').trim()).toBe(current);
        await after.stop();
      }
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: what is wrong with a rotation is said, and nothing has changed', async () => {
    const home = new TestHome();
    try {
      const instanceToken = `exi_${'a'.repeat(43)}`;
      mkdirSync(home.layout.credentialsDir, { recursive: true, mode: 0o700 });
      const sha256 = createHash('sha256').update(instanceToken).digest('hex');
      const instances = [{ instanceId: 'inst_1', sha256, createdAt: 1_790_000_000, expiresAt: null }];
      writeFileSync(join(home.layout.credentialsDir, 'instances.json'), JSON.stringify({ instances }), { mode: 0o600 });
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration } = await client.hello({ token });
      const answer = async (frame: Record<string, unknown>, asker = client) => {
        asker.send(frame);
        return asker.next();
      };
      expect(await answer({ op: 'rotate_token', request_id: 1, new: next })).toEqual({
        op: 'rotate_token_res',
        request_id: 1,
        ok: false,
        error: 'missing_params',
      });
      expect(await answer(rotate(token, 5))).toMatchObject({ ok: false, error: 'missing_params' });
      expect(await answer(rotate('wrong-old-token-0123', next))).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await answer(rotate(token, 'eight-ch'))).toMatchObject({ ok: false, error: 'weak_token' });
      expect(await answer(rotate(token, '<your-new-token>'))).toMatchObject({ ok: false, error: 'weak_token' });
      expect(await answer(rotate(token, token))).toMatchObject({ ok: false, error: 'weak_token' });
      const instance = await OpsClient.connect({ port: daemon.port });
      expect(await instance.hello({ token: instanceToken })).toMatchObject({ ok: true, auth: 'instance' });
      expect(await answer(rotate(token, next), instance)).toMatchObject({ ok: false, error: 'forbidden' });
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token })).toMatchObject({ ok: true, tokenGeneration });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: of two rotations at once one wins', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const clients = await Promise.all([
        OpsClient.connect({ port: daemon.port }),
        OpsClient.connect({ port: daemon.port }),
      ]);
      for (const client of clients) await client.hello({ token });
      const [one, two] = clients;
      one?.send(rotate(token, `${next}-one`));
      two?.send(rotate(token, `${next}-two`));
      const answers = await Promise.all(clients.map((client) => client.next()));
      expect(answers.filter(({ ok }) => ok === true)).toHaveLength(1);
      expect(answers.filter(({ error }) => error === 'unauthorized')).toHaveLength(1);
      const winner = answers[0]?.['ok'] === true ? `${next}-one` : `${next}-two`;
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token: winner })).toMatchObject({ ok: true });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: without authentication there is nothing to rotate', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      await client.hello();
      client.send(rotate('anything-0123456789', next));
      expect(await client.next()).toMatchObject({ op: 'rotate_token_res', ok: false, error: 'auth_disabled' });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: a rotation that cannot be stored changes nothing', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      await client.hello({ token });
      rmSync(home.layout.credentialsDir, { recursive: true });
      writeFileSync(home.layout.credentialsDir, 'a file where the directory was');
      client.send(rotate(token, next));
      expect(await client.next()).toMatchObject({ ok: false, error: 'persist_failed' });
      rmSync(home.layout.credentialsDir);
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token })).toMatchObject({ ok: true });
      expect(daemon.stderr).not.toContain(next);
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O13: with EXAI_TOKEN_GRACE_SECS the old token opens connections a little longer', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_TOKEN_GRACE_SECS: '1' } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration } = await client.hello({ token });
      client.send(rotate(token, next));
      await client.next();
      const during = await OpsClient.connect({ port: daemon.port });
      expect(await during.hello({ token })).toMatchObject({ ok: true, tokenGeneration });
      await eventually('the end of the grace', async () => {
        const after = await OpsClient.connect({ socketPath: daemon.localSocket });
        return (await after.hello({ token }))['error'] === 'unauthorized' ? true : undefined;
      });
    } finally {
      await home.cleanUp();
    }
  });
});
