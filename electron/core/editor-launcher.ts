import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorText, writeFileReplacing } from '../../platform/atomic-file.ts';
import { type EditorStart, startOfLauncher } from '../../platform/launcher-path.ts';
import { launcherScript } from '../../platform/launcher-script.ts';
import type { LauncherView } from '../../protocol/host-desktop.ts';
import { type InstallFacts, type LauncherPlan, launcherPlan } from './launcher-plan.ts';
import { changedSentence, type PayloadHashes } from './payload-check.ts';
import { type CopyOutcome, copyRuntime } from './runtime-copy.ts';
import { isRunFrom, removeOtherVersions, switchCurrent } from './runtime-versions.ts';

export interface LauncherFacts extends InstallFacts {
  readonly version: string;
  /** Of the daemon that an entry without one of its own means. */
  readonly stateDir: string;
  /** Undefined in a checkout. */
  readonly hashes: PayloadHashes | undefined;
}

/** What this app and the editors start from now on. */
export interface Installed {
  /** Program and payload of the daemon: the copy where there is one, so that it outlives this app and its update. */
  readonly program: string;
  readonly payload: string;
  /** Undefined while no path can be given that will still be there tomorrow. */
  readonly editor: EditorStart | undefined;
  readonly view: LauncherView;
}

/**
 * At each start: makes the launcher of the editors true again, after an update, a move or a renamed AppImage. Never rejects:
 * without a launcher the app works, and says why editors get none.
 */
export async function installLauncher(facts: LauncherFacts): Promise<Installed> {
  const plan = launcherPlan(facts);
  const inPlace = { program: facts.program, payload: facts.payload };
  try {
    switch (plan.type) {
      case 'checkout':
        return { ...inPlace, editor: plan.start, view: { state: 'checkout' } };
      case 'move-first':
        return { ...inPlace, editor: undefined, view: { state: 'move-first' } };
      case 'script':
        writeScript(plan.launcher, plan.runtime, facts.payload, facts.stateDir);
        return { ...inPlace, ...editorOf(facts, plan.launcher) };
      case 'copy':
        return await installCopy(plan, facts);
    }
  } catch (error) {
    return { ...inPlace, editor: undefined, view: { state: 'failed', reason: errorText(error) } };
  }
}

async function installCopy(plan: LauncherPlan & { type: 'copy' }, facts: LauncherFacts): Promise<Installed> {
  const { program, payload, version, hashes = {} } = facts;
  const target = join(plan.copies, version);
  const programName = plan.link ? basename(plan.launcher) : 'exai-shim';
  const outcome = await copyRuntime({ program, payload, hashes }, target, programName);
  if (outcome.type !== 'ready') return { program, payload, editor: undefined, view: viewOf(outcome) };
  const copied = { program: join(target, programName), payload: target };
  if (plan.link) switchCurrent(plan.copies, version);
  else writeScript(plan.launcher, copied.program, target, facts.stateDir);
  await removeOtherVersions(plan.copies, version, (folder) => isRunFrom(folder));
  return { ...copied, ...editorOf(facts, plan.launcher) };
}

function viewOf(outcome: Exclude<CopyOutcome, { type: 'ready' }>): LauncherView {
  switch (outcome.type) {
    case 'no-space':
      return { state: 'no-space', neededBytes: outcome.neededBytes, freeBytes: outcome.freeBytes };
    case 'changed':
      return { state: 'failed', reason: changedSentence(outcome.file) };
    case 'failed':
      return { state: 'failed', reason: outcome.reason };
  }
}

function editorOf({ platform }: LauncherFacts, launcher: string): Pick<Installed, 'editor' | 'view'> {
  return { editor: startOfLauncher(platform, launcher), view: { state: 'ready', path: launcher } };
}

function writeScript(launcher: string, runtime: string, payload: string, stateDir: string): void {
  if (!existsSync(runtime)) throw new Error(`${runtime} is not there`);
  mkdirSync(dirname(launcher), { recursive: true, mode: 0o700 });
  let reason: unknown;
  const isWritten = writeFileReplacing(launcher, launcherScript({ runtime, payload, stateDir }), {
    mode: 0o755,
    onError: (error) => {
      reason = error;
    },
  });
  if (!isWritten) throw reason;
}
