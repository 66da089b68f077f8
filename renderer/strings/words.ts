import { en, type PluralForms, type Strings } from '../../protocol/strings/en.ts';
import { accent, derive, mirror } from './pseudo.ts';

export const locales = ['en', 'en-XA', 'ar-XB'] as const;
export type Locale = (typeof locales)[number];

type Params = Readonly<Record<string, string | number>>;

/** `{name}` becomes its value; a number is written the local way. A name without a value becomes nothing. */
export type Fill = (sentence: string, params: Params) => string;

/** Everything that turns data into words for one locale. Made once; components get it from the context. */
export interface Words {
  readonly locale: Locale;
  readonly direction: 'ltr' | 'rtl';
  readonly text: Strings;
  readonly fill: Fill;
  /** The form of `count`, with `{count}` filled in. */
  readonly plural: (forms: PluralForms, count: number, params?: Params) => string;
  /** "3rd in line". */
  readonly place: (position: number) => string;
  readonly number: (value: number) => string;
  readonly bytes: (value: number) => string;
  /** Of something that has ended: `4 ms`, `2.1 s`, `1:05`. */
  readonly duration: (milliseconds: number) => string;
  /** Of something that goes on, in whole seconds: `3 s` is `0:03`. */
  readonly age: (seconds: number) => string;
  /** Of something long: `2 h 14 m`. */
  readonly uptime: (seconds: number) => string;
  readonly ago: (seconds: number) => string;
  /** `14:31`. */
  readonly clock: (epochSeconds: number) => string;
  /** `24 Nov, 14:31`: of another day. */
  readonly dayClock: (epochSeconds: number) => string;
  /** `24 Nov`. */
  readonly day: (epochSeconds: number) => string;
  /** `14:31:02`. */
  readonly clockSeconds: (epochSeconds: number) => string;
  /** Date, time and zone, for hover, focus and readers. */
  readonly absolute: (epochSeconds: number) => string;
}

export function createWords(locale: Locale, timeZone?: string): Words {
  const text = locale === 'en' ? en : derive(locale === 'en-XA' ? accent : mirror);
  const zone = timeZone === undefined ? {} : { timeZone };
  const numbers = new Intl.NumberFormat('en');
  const oneDecimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
  const cardinal = new Intl.PluralRules('en');
  const ordinal = new Intl.PluralRules('en', { type: 'ordinal' });
  const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const otherDays = new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    ...zone,
  });
  const dates = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  const seconds = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', ...zone });
  const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long', ...zone });
  const { units, ago } = text.common;

  const fill: Fill = (sentence, params) =>
    sentence.replaceAll(/\{([A-Za-z0-9]+)\}/g, (_, name: string) => {
      const value = params[name];
      return typeof value === 'number' ? numbers.format(value) : (value ?? '');
    });
  const plural: Words['plural'] = (forms, count, params = {}) =>
    fill(form(forms, cardinal.select(count)), { count, ...params });

  return {
    locale,
    direction: locale === 'ar-XB' ? 'rtl' : 'ltr',
    text,
    fill,
    plural,
    place: (position) => fill(form(text.common.ordinal, ordinal.select(position)), { count: position }),
    number: (value) => numbers.format(value),
    bytes: (value) => {
      const [sentence, size] =
        value >= 1e9
          ? [units.gigabytes, 1e9]
          : value >= 1e6
            ? [units.megabytes, 1e6]
            : value >= 1e3
              ? [units.kilobytes, 1e3]
              : [units.bytes, 1];
      return fill(sentence, { value: oneDecimal.format(value / size) });
    },
    duration: (milliseconds) => {
      if (milliseconds < 0.5) return units.underAMillisecond;
      if (milliseconds < 999.5) return fill(units.milliseconds, { value: Math.round(milliseconds) });
      if (milliseconds < 59_950) return fill(units.seconds, { value: (milliseconds / 1000).toFixed(1) });
      return runningTime(Math.round(milliseconds / 1000));
    },
    age: (value) => runningTime(Math.max(0, Math.floor(value))),
    uptime: (value) => {
      const whole = Math.max(0, Math.floor(value));
      const [days, hours, mins] = [Math.floor(whole / 86_400), Math.floor(whole / 3600), Math.floor(whole / 60)];
      if (days > 0) return fill(units.daysHours, { days, hours: hours % 24 });
      if (hours > 0) return fill(units.hoursMinutes, { hours, minutes: mins % 60 });
      return mins > 0 ? fill(units.minutes, { minutes: mins }) : fill(units.seconds, { value: whole });
    },
    ago: (value) => {
      if (value < 2) return ago.now;
      if (value < 60) return fill(ago.seconds, { value: Math.floor(value) });
      if (value < 3600) return fill(ago.minutes, { value: Math.floor(value / 60) });
      if (value < 86_400) return fill(ago.hours, { value: Math.floor(value / 3600) });
      return fill(ago.days, { value: Math.floor(value / 86_400) });
    },
    clock: (value) => minutes.format(value * 1000),
    dayClock: (value) => otherDays.format(value * 1000),
    day: (value) => dates.format(value * 1000),
    clockSeconds: (value) => seconds.format(value * 1000),
    absolute: (value) => full.format(value * 1000),
  };

  function runningTime(whole: number): string {
    const [hours, mins, secs] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    if (hours === 0) return fill(units.minutesSeconds, { minutes: String(mins), seconds: twoDigits(secs) });
    return fill(units.hoursMinutesSeconds, {
      hours: String(hours),
      minutes: twoDigits(mins),
      seconds: twoDigits(secs),
    });
  }
}

function form(forms: PluralForms, category: Intl.LDMLPluralRule): string {
  return (category === 'one' || category === 'two' || category === 'few' ? forms[category] : undefined) ?? forms.other;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
