import { exitCodes } from '../protocol/errors.ts';

const leastMajor = 24;

/** Whether a Node.js of this version runs our programs. */
export function isNodeNewEnough(version: string): boolean {
  return Number(version.split('.', 1)[0]) >= leastMajor;
}

/** Ends the process with one line that says what to do when the Node.js that runs it is too old. */
export function requireNode(version: string = process.versions.node): void {
  if (isNodeNewEnough(version)) return;
  process.stderr.write(`exai: Node.js ${leastMajor} or newer is needed, this is ${version}: ${process.execPath}\n`);
  process.exit(exitCodes.configuration);
}
