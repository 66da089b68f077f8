import './icons.css';
import type { ReactNode } from 'react';

/** Our own drawings on a 16-unit grid, 1.5 px lines, round ends. Decoration: the word beside it says the same. */
const drawings = {
  mark: (
    <>
      <circle cx="8" cy="8" r="6" />
      <circle cx="8" cy="8" r="1.75" fill="currentColor" stroke="none" />
    </>
  ),
  overview: <path d="M2.5 2.5h4.5v4.5H2.5zM9 2.5h4.5V6H9zM9 8.5h4.5v5H9zM2.5 9.5h4.5v4H2.5z" />,
  sessions: <path d="M2 3.5h12v7H2zM5.5 13.5h5M8 10.5v3" />,
  instances: <path d="M4.5 4.5h9v7h-9zM2.5 9.5v-7h9" />,
  servers: <path d="M2.5 2.5h11v4.5h-11zM2.5 9h11v4.5h-11zM5 4.75h.01M5 11.25h.01" />,
  activity: <path d="M1.5 8.5H4l2-5.5 3.5 10 2-4.5h3" />,
  logs: <path d="M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2" />,
  settings: (
    <>
      <path d="M2 4.5h6.5M12.5 4.5H14M2 11.5h1.5M7.5 11.5H14" />
      <circle cx="10.5" cy="4.5" r="2" />
      <circle cx="5.5" cy="11.5" r="2" />
    </>
  ),
  more: <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" strokeWidth="2.25" />,
  copy: <path d="M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1" />,
  check: <path d="m3 8.5 3.25 3.5L13 4.5" />,
  plus: <path d="M8 3v10M3 8h10" />,
  close: <path d="m4 4 8 8M12 4l-8 8" />,
  back: <path d="M10 3 5 8l5 5" />,
  chevron: <path d="m6 3 5 5-5 5" />,
  'arrow-down': <path d="M8 3v10M4 9l4 4 4-4" />,
  up: <path d="M8 13V3M4 7l4-4 4 4" />,
  down: <path d="m3.5 6 4.5 4.5L12.5 6" />,
  external: <path d="M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9v4.5h-9v-9H7" />,
  folder: <path d="M2 12.5v-9h4.5l1.5 2h6v7z" />,
  rotate: <path d="M13.5 8a5.5 5.5 0 1 1-1.75-4M13.5 2v3H10.5" />,
  play: <path d="M4.5 3v10l8-5z" />,
  stop: <path d="M4 4h8v8H4z" />,
  pause: <path d="M5.5 3.5v9M10.5 3.5v9" />,
  restart: <path d="M2.5 8a5.5 5.5 0 1 0 1.75-4M2.5 2v3h3" />,
  follow: <path d="M8 2.5v8M4.5 7 8 10.5 11.5 7M3.5 13.5h9" />,
  filter: <path d="M2.5 4h11M4.5 8h7M6.5 12h3" />,
  search: (
    <>
      <circle cx="7" cy="7" r="4.25" />
      <path d="m10.25 10.25 3.25 3.25" />
    </>
  ),
  download: <path d="M8 2.5v7M4.75 6.5 8 9.75l3.25-3.25M2.5 13.5h11" />,
  warning: <path d="M8 2.5 14.25 13.5H1.75zM8 6.5v3M8 11.5h.01" />,
  error: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="m5.75 5.75 4.5 4.5M10.25 5.75l-4.5 4.5" />
    </>
  ),
  info: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 7.5v3.5M8 5h.01" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.5V8l2.25 1.5" />
    </>
  ),
  pin: <path d="M5.5 2.5h5M6.5 2.5v4l-2 3h7l-2-3v-4M8 9.5v4.5" />,
  key: (
    <>
      <circle cx="5" cy="8" r="3" />
      <path d="M8 8h6M11.5 8v2.5M14 8v2" />
    </>
  ),
  plug: <path d="M5.5 2v3M10.5 2v3M3.5 5h9v2.5a4.5 4.5 0 0 1-9 0zM8 12v2" />,
} as const satisfies Record<string, ReactNode>;

export type IconName = keyof typeof drawings;

/** Icons that point the way mirror with the direction of writing. */
const mirrored: readonly IconName[] = ['back', 'chevron', 'external'];

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg
      className={mirrored.includes(name) ? 'icon icon--mirrored' : 'icon'}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {drawings[name]}
    </svg>
  );
}
