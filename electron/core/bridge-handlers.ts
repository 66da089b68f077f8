import { FailureError } from '../../protocol/errors.ts';
import { type HostAnswer, type HostInput, type HostOutput, hostVerbs } from '../../protocol/host-bridge.ts';
import { appOrigin, type HostVerb, hostVerbNames } from '../../protocol/host-verbs.ts';

/** One function per verb, given what its schema has parsed. */
export type HostHandlers = {
  readonly [Verb in HostVerb]: (input: HostInput<Verb>) => HostOutput<Verb> | Promise<HostOutput<Verb>>;
};

/** Who sent an IPC message: the frame as Electron names it. */
export interface IpcSender {
  readonly isTopFrame: boolean;
  /** Null: the frame has gone. */
  readonly url: string | null;
}

/**
 * Answers one verb. Never throws: what is wrong comes back as a code. Who is not the page of our own window learns nothing
 * but that.
 */
export async function answerVerb(
  verb: HostVerb,
  input: unknown,
  sender: IpcSender,
  handlers: HostHandlers,
): Promise<HostAnswer> {
  if (!isOwnSender(sender)) return { ok: false, code: 'FORBIDDEN', message: 'Only the page of this app may ask.' };
  const { input: inputSchema, output: outputSchema } = hostVerbs[verb];
  const parsed = inputSchema.safeParse(input);
  if (!parsed.success) return { ok: false, code: 'VALIDATION_ERROR', message: `${verb}: ${parsed.error.message}` };
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema of this very verb has parsed the input
    const handler = handlers[verb] as (value: unknown) => unknown;
    return { ok: true, value: outputSchema.parse(await handler(parsed.data)) };
  } catch (error) {
    if (error instanceof FailureError) return { ok: false, code: error.failure.code, message: error.message };
    return { ok: false, code: 'INTERNAL_ERROR', message: error instanceof Error ? error.message : String(error) };
  }
}

function isOwnSender({ isTopFrame, url }: IpcSender): boolean {
  return isTopFrame && url !== null && (url === appOrigin || url.startsWith(`${appOrigin}/`));
}

/** Runs `register` once per verb. */
export function eachVerb(register: (verb: HostVerb) => void): void {
  for (const verb of hostVerbNames) register(verb);
}
