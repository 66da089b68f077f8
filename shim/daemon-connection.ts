import type { Logger } from '../platform/json-logger.ts';
import type { Failure } from '../protocol/errors.ts';
import { closeCodes, limits } from '../protocol/limits.ts';
import type { StartResult } from './autostart.ts';
import type { Clock } from './clock.ts';
import { type Reaction, type RetryRule, reactToClose, reactToRefusal, upgradeRequired } from './close-reaction.ts';
import type { Credentials } from './credentials.ts';
import { DaemonStarter } from './daemon-starter.ts';
import type { DialResult } from './dial.ts';
import { endpointText } from './endpoint-plan.ts';
import type { AcceptedHello, AckDefaults, HelloAnswer } from './hello-ack.ts';
import type { HelloFrame, HelloResume } from './hello-frame.ts';
import { LinkSession } from './link-session.ts';
import { isLoggedAttempt, reconnectDelayMs } from './reconnect-delay.ts';
import type { Relay } from './relay.ts';

export interface ConnectionOptions {
  readonly relay: Relay;
  readonly clock: Clock;
  /** From [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  readonly handshakeTimeoutMs: number;
  readonly defaults: AckDefaults;
  readonly isAutostartOn: boolean;
  readonly dial: () => Promise<DialResult>;
  readonly readCredentials: (isProven: boolean, wasRefused: boolean) => Credentials;
  readonly buildHello: (credentials: Credentials, resume: HelloResume | undefined, clientName: string) => HelloFrame;
  readonly startDaemon: (
    launch: readonly string[] | undefined,
    isStillAbsent: () => Promise<boolean>,
  ) => Promise<StartResult>;
  /** Watches the discovery file and the credential files while there is no connection. */
  readonly watch: { start(): void; stop(): void };
  /** The daemon has taken what was sent, or will not any more. */
  readonly onDrain: () => void;
}

const daemonRetry: RetryRule = { onCredentials: false, onDaemon: true, afterMs: limits.unauthorizedRetryMs };

/**
 * Keeps this window connected for as long as it lives (WIRE §§2, 3.6, 5.3): connects, shakes hands, reacts to closes,
 * waits, starts the daemon when there is none. What requests get meanwhile is the relay's business.
 */
export class DaemonConnection {
  readonly #options: ConnectionOptions;
  readonly #starter: DaemonStarter;
  #session: LinkSession | undefined;
  #isStopped = false;
  #dialling: Promise<boolean> | undefined;
  #isReadingPaused = false;
  #cancelRetry: (() => void) | undefined;
  /** Set while requests are answered with a failure. */
  #retryRule: RetryRule | undefined;
  #hasRetriedCredentials = false;
  #attempts = 0;
  #failures = 0;
  #protocolErrors = 0;
  #wasConnected = false;
  #sinceAt: number;
  #maxFrameBytes: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#sinceAt = options.clock.now();
    this.#maxFrameBytes = options.defaults.maxFrameBytes;
    this.#starter = new DaemonStarter({
      clock: options.clock,
      logger: options.logger,
      isOn: options.isAutostartOn,
      startDaemon: options.startDaemon,
      isStillAbsent: async () => !this.#isStopped && this.#session === undefined && !(await this.#dial(false)),
      onStarted: () => this.#onStarted(),
      onFailed: (problem) => options.relay.daemonUnavailable(problem, true),
    });
  }

  /** Bytes on their way to the daemon that the operating system has not taken. */
  get bufferedBytes(): number {
    return this.#session?.link.bufferedBytes ?? 0;
  }

  start(): void {
    this.#attempt();
  }

  /** Says `bye`, without waiting for an answer. Nothing happens afterwards. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#options.watch.stop();
    this.#starter.stop();
    const session = this.#session;
    this.#session = undefined;
    session?.link.sendControl('{"op":"bye"}');
    session?.end(closeCodes.normal);
  }

  /** The connection is useless although it is open: the next one resumes. */
  cut(reason: string): void {
    this.#options.logger.warn('the connection is cut', { reason });
    this.#session?.cut(closeCodes.heartbeatLost.code, reason);
  }

  /** Back-pressure: nothing is read from the daemon while the editor does not read. */
  setReadingPaused(isPaused: boolean): void {
    if (this.#isReadingPaused === isPaused) return;
    this.#isReadingPaused = isPaused;
    this.#options.relay.setReadingPaused(isPaused);
    this.#session?.setReadingPaused(isPaused);
  }

  /** `run/daemon.json` has changed: an attempt at once (WIRE §5.3). */
  onDaemonChanged(): void {
    if (this.#retryRule?.onDaemon !== false) this.#attempt();
  }

  /** The log of this window is open. A later hello says so itself. */
  reportLog(log: string): void {
    this.#session?.link.sendControl(JSON.stringify({ op: 'log_opened', log }));
  }

  /** A token file has changed. */
  onCredentialsChanged(): void {
    if (this.#retryRule?.onCredentials === true) this.#attempt();
  }

  /** The daemon that this window started has ended. */
  onStartedDaemonEnded(message: string): void {
    this.#starter.onEnded(message);
  }

  #attempt(): void {
    if (this.#isStopped || this.#dialling !== undefined || this.#session !== undefined) return;
    this.#attempts += 1;
    this.#hasRetriedCredentials = false;
    void this.#dial(false);
  }

  /** Resolves with whether somebody answered; one attempt at a time. */
  #dial(wasRefused: boolean): Promise<boolean> {
    this.#cancelRetry?.();
    this.#dialling ??= this.#dialOnce(wasRefused);
    return this.#dialling;
  }

  async #dialOnce(wasRefused: boolean): Promise<boolean> {
    const result = await this.#options.dial();
    this.#dialling = undefined;
    if (this.#isStopped) {
      if (result.type === 'open') result.link.terminate();
      return false;
    }
    if (result.type === 'open') this.#shakeHands(result, wasRefused);
    else this.#onUnreachable(result);
    return result.type === 'open';
  }

  #onUnreachable(result: Exclude<DialResult, { type: 'open' }>): void {
    const { relay, logger, watch } = this.#options;
    const isAbsent = result.type === 'absent';
    const { problem } = this.#starter;
    const message = problem === undefined ? result.message : `${problem} ${result.message}`;
    if (isAbsent) {
      // Whoever refused us is gone: from now on requests wait again.
      this.#retryRule = undefined;
      relay.allow();
    }
    relay.daemonUnavailable(message, isAbsent);
    if (isLoggedAttempt(this.#attempts)) logger.info('no daemon', { attempt: this.#attempts, reason: message });
    this.#retryLater('normal');
    watch.start();
    if (isAbsent) this.#considerStart(result);
  }

  #considerStart({ isStartable, lastDaemon }: Extract<DialResult, { type: 'absent' }>): void {
    this.#starter.consider({
      isStartable,
      wasConnected: this.#wasConnected,
      awayMs: this.#options.clock.now() - this.#sinceAt,
      lastDaemon: lastDaemon.state,
      hasOwner: lastDaemon.hasOwner,
      isWaitedFor: this.#options.relay.isWaitedFor,
      launch: lastDaemon.launch,
    });
  }

  #onStarted(): void {
    if (this.#isStopped || this.#session !== undefined) {
      this.#starter.stop();
      return;
    }
    this.#failures = 0;
    this.#options.watch.start(); // the directory of the discovery file exists by now
  }

  #shakeHands({ link, isProven }: Extract<DialResult, { type: 'open' }>, wasRefused: boolean): void {
    const { relay, clock, handshakeTimeoutMs, defaults, readCredentials, buildHello, onDrain } = this.#options;
    const credentials = readCredentials(isProven, wasRefused);
    const hello = buildHello(credentials, relay.resume(), relay.clientName);
    const session = new LinkSession({
      link,
      clock,
      helloText: hello.text,
      handshakeTimeoutMs,
      defaults,
      isReadingPaused: () => this.#isReadingPaused,
      onAnswer: (answer) => this.#onAnswer(session, answer, { hello, credentials, isProven, wasRefused }),
      onFrame: (bytes, isControl) => relay.receiveFrame(bytes, isControl),
      onDrain,
      onClosed: (code, reason, wasConnected) => this.#onClosed(code, reason, wasConnected, credentials.problem),
    });
    this.#session = session;
    session.start();
  }

  #onAnswer(session: LinkSession, answer: HelloAnswer, handshake: Handshake): void {
    if (answer.type === 'accepted') {
      this.#onConnected(session, answer, handshake.hello);
      return;
    }
    this.#session = undefined;
    session.end(closeCodes.normal);
    switch (answer.type) {
      case 'refused':
        this.#onRefused(answer, handshake);
        return;
      case 'predecessor': {
        const hint = 'The daemon is older than this window. Stop it, then start the new one.';
        this.#react({ type: 'report', failure: upgradeRequired(hint), retry: daemonRetry });
        return;
      }
      case 'invalid':
        this.#onClosed(1002, 'no hello_ack', false, handshake.credentials.problem);
    }
  }

  #onConnected(session: LinkSession, answer: AcceptedHello, hello: HelloFrame): void {
    const { relay, clock, logger, watch, defaults } = this.#options;
    const { link } = session;
    this.#wasConnected = true;
    this.#sinceAt = clock.now();
    this.#attempts = 0;
    this.#retryRule = undefined;
    this.#maxFrameBytes = answer.maxFrameBytes;
    watch.stop();
    this.#starter.reached();
    // An answer above our own limit is answered with an error, which needs its id; the daemon keeps to its own limit.
    link.setMaxFrameBytes(Math.max(defaults.maxFrameBytes, answer.maxFrameBytes));
    if (this.#isReadingPaused) session.setReadingPaused(true);
    relay.linkUp(
      {
        maxFrameBytes: answer.maxFrameBytes,
        maxPending: answer.maxPending,
        sendMessage: (bytes) => link.sendMessage(bytes),
        sendControl: (control) => link.sendControl(JSON.stringify(control)),
      },
      answer,
      hello.resume,
      hello.dropped,
    );
    link.flush(); // what waited for the daemon goes out before the log line is made
    const { sessionId, daemonRunId, isResumed, warnings } = answer;
    logger.info('connected', { sessionId, daemonRunId, isResumed, warnings, endpoint: endpointText(link.endpoint) });
  }

  #onRefused(
    answer: Extract<HelloAnswer, { type: 'refused' }>,
    { credentials, isProven, wasRefused }: Handshake,
  ): void {
    const { readCredentials } = this.#options;
    const isCredential = answer.error === 'unauthorized' || answer.error === 'jwt_required';
    if (isCredential && !this.#hasRetriedCredentials && !wasRefused) {
      this.#hasRetriedCredentials = true;
      const fresh = readCredentials(isProven, true);
      if (fresh.token !== credentials.token || fresh.jwt !== credentials.jwt) {
        void this.#dial(true);
        return;
      }
    }
    this.#react(reactToRefusal(answer.error, answer.hint, credentials.problem));
  }

  #onClosed(code: number, reason: string, wasConnected: boolean, problem: string | undefined): void {
    const { relay, clock, logger } = this.#options;
    this.#session = undefined;
    const now = clock.now();
    if (wasConnected) {
      if (now - this.#sinceAt >= limits.reconnectResetMs) this.#failures = 0;
      if (now - this.#sinceAt >= limits.reconnectResetMs) this.#protocolErrors = 0;
      this.#sinceAt = now;
      relay.linkDown();
      logger.info('connection lost', { code, reason });
    } else if (isLoggedAttempt(this.#attempts))
      logger.info('handshake failed', { attempt: this.#attempts, code, reason });
    this.#options.onDrain(); // what was on its way is gone with the connection
    this.#protocolErrors = code === 1002 || code === 1007 ? this.#protocolErrors + 1 : this.#protocolErrors;
    this.#react(reactToClose({ code, reason, wasConnected, protocolErrors: this.#protocolErrors, problem }));
  }

  #react(reaction: Reaction): void {
    switch (reaction.type) {
      case 'too-big':
        this.#options.relay.failLongest(this.#maxFrameBytes);
        this.#retryLater('normal');
        break;
      case 'reconnect':
        this.#retryLater(reaction.pace);
        break;
      case 'report':
        this.#report(reaction.failure, reaction.retry);
    }
    this.#options.watch.start();
  }

  #report(failure: Failure, retry: RetryRule): void {
    const { relay, logger, clock } = this.#options;
    if (this.#retryRule === undefined)
      logger.warn('the daemon refuses this window', { code: failure.code, hint: failure.hint });
    this.#retryRule = retry;
    relay.refuse(failure);
    this.#cancelRetry?.();
    if (retry.afterMs !== undefined) this.#cancelRetry = clock.schedule(() => this.#attempt(), retry.afterMs);
  }

  #retryLater(pace: 'normal' | 'slow'): void {
    const { clock, random } = this.#options;
    const delayMs = reconnectDelayMs(pace === 'slow' ? Number.POSITIVE_INFINITY : this.#failures, random);
    this.#failures += 1;
    this.#cancelRetry?.();
    this.#cancelRetry = clock.schedule(() => this.#attempt(), delayMs);
  }
}

interface Handshake {
  readonly hello: HelloFrame;
  readonly credentials: Credentials;
  readonly isProven: boolean;
  /** The credential of the environment was refused just now. */
  readonly wasRefused: boolean;
}
