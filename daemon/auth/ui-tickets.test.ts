import { expect, it } from 'vitest';
import { ticketLifeMs, UiTickets } from './ui-tickets.ts';

function setUp() {
  const clock = { ms: 0 };
  return { clock, tickets: new UiTickets({ now: () => clock.ms }) };
}

it('LIVE-ticket-once: a ticket is good for one time', () => {
  const { tickets } = setUp();
  const ticket = tickets.make();
  expect(ticket).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect([tickets.consume(''), tickets.consume(`${ticket}x`), tickets.consume(ticket.toLowerCase())]).toEqual([
    false,
    false,
    false,
  ]);
  expect(tickets.consume(ticket)).toBe(true);
  expect(tickets.consume(ticket)).toBe(false);
});

it('LIVE-ticket-once: a ticket is good for a minute', () => {
  const { clock, tickets } = setUp();
  const [early, late] = [tickets.make(), tickets.make()];
  clock.ms = ticketLifeMs - 1;
  expect(tickets.consume(early)).toBe(true);
  clock.ms = ticketLifeMs;
  expect(tickets.consume(late)).toBe(false);
});

it('LIVE-ticket-once: beyond 16 the oldest is worth nothing', () => {
  const { tickets } = setUp();
  const made = Array.from({ length: 17 }, () => tickets.make());
  expect(made.map((ticket) => tickets.consume(ticket))).toEqual([false, ...Array.from({ length: 16 }, () => true)]);
});
