import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Digest } from './digest.ts';

export interface UiTicketsOptions {
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  readonly random?: (bytes: number) => Buffer;
}

/** How long a ticket lets somebody in. */
export const ticketLifeMs = 60_000;
const ticketBytes = 32;
const maxTickets = 16;

/**
 * One-time tickets that let a browser in: whoever holds the admin secret makes one and hands it on in the fragment of the
 * dashboard's address. Kept as digests. Beyond 16 outstanding ones the oldest is worth nothing any more.
 */
export class UiTickets {
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  /** Oldest first. */
  #outstanding: { readonly digest: Digest; readonly validUntil: number }[] = [];

  constructor({ now = () => performance.now(), random = randomBytes }: UiTicketsOptions = {}) {
    this.#now = now;
    this.#random = random;
  }

  /** Base64url; valid for {@link ticketLifeMs}, once. Never logged. */
  make(): string {
    const ticket = this.#random(ticketBytes).toString('base64url');
    this.#outstanding.push({ digest: Digest.of(ticket), validUntil: this.#now() + ticketLifeMs });
    if (this.#outstanding.length > maxTickets) this.#outstanding.shift();
    return ticket;
  }

  /** True for a valid ticket, the first time. */
  consume(candidate: string): boolean {
    const digest = Digest.of(candidate);
    const now = this.#now();
    const valid = this.#outstanding.filter(({ validUntil }) => now < validUntil);
    const rest = valid.filter((ticket) => !ticket.digest.equals(digest));
    this.#outstanding = rest;
    return rest.length < valid.length;
  }
}
