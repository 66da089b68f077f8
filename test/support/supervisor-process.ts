import { systemClock } from '../../electron/core/clock.ts';
import { ProcessStarter } from '../../electron/core/daemon-starter.ts';
import { portProblem } from '../../electron/core/port-problem.ts';
import { Supervisor } from '../../electron/core/supervisor.ts';
import { resolveStateDir, stateLayout } from '../../platform/state-dir.ts';
import { version } from '../../protocol/version.ts';
import { programs } from './daemon-process.ts';

/** A process that owns a daemon as the tray app does, for tests that kill it. */
const stateDir = resolveStateDir(process.env);
const supervisor = new Supervisor({
  layout: stateLayout(stateDir),
  launch: () => ({ stateDir, port: 0 }),
  starter: new ProcessStarter({
    clock: systemClock,
    program: process.execPath,
    isElectron: false,
    script: programs.daemon,
    env: process.env,
    ownerPid: process.pid,
  }),
  clock: systemClock,
  random: Math.random,
  version,
  portProblem: (launch) => portProblem(launch, process.env),
  onChange: () => undefined,
  onRepeatedCrash: () => undefined,
});
supervisor.start();
setInterval(() => undefined, 60_000); // the daemon is detached and keeps nobody alive
