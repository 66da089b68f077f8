import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { readPrivateFile } from '../../platform/private-file.ts';
import type { StateLayout } from '../../platform/state-dir.ts';
import { adminRoutes } from '../../protocol/admin-api.ts';
import { applyFeedMessage, emptyFeedState, type FeedState } from '../../protocol/apply-feed.ts';
import { type FeedMessage, feedMessageSchema } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { eventually } from './deadline.ts';

/** A reader of `/api/events` with the admin secret. Every line is checked against the contract. */
export class TestFeed {
  readonly messages: FeedMessage[] = [];
  state: FeedState = emptyFeedState;
  hasEnded = false;
  readonly #response: IncomingMessage;
  #rest = '';

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#onText(text));
    for (const event of ['end', 'error', 'close'] as const) {
      response.on(event, () => {
        this.hasEnded = true;
      });
    }
  }

  static async open(layout: StateLayout, port: number): Promise<TestFeed> {
    const secret = readPrivateFile(layout.adminSecretFile);
    if (secret.type !== 'ok') throw new Error(`no admin secret: ${secret.type}`);
    const sent = request({
      host: '127.0.0.1',
      port,
      path: adminRoutes.events.path,
      agent: false,
      headers: { authorization: `Bearer ${secret.text.trim()}` },
    });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`the feed was refused: ${response.statusCode}`);
    return new TestFeed(response);
  }

  /** Waits until the picture is as asked. */
  when(what: string, matches: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
    return eventually(what, () => {
      const { snapshot } = this.state;
      return snapshot !== null && matches(snapshot) ? snapshot : undefined;
    });
  }

  close(): void {
    this.#response.destroy();
  }

  #onText(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = feedMessageSchema.parse(JSON.parse(line));
      this.messages.push(message);
      this.state = applyFeedMessage(this.state, message);
    }
  }
}
