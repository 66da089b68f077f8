import { lazy, Suspense } from 'react';
import { ChartsBlank } from './features/dashboard/charts-blank.tsx';
import { OverviewPage } from './features/overview/overview-page.tsx';
import { SessionPage } from './features/sessions/session-page.tsx';
import { SessionsPage } from './features/sessions/sessions-page.tsx';
import { SessionFilterField } from './parts/session-filter.tsx';
import { latePage } from './shell/late-page.tsx';
import type { Screen } from './shell/screen.ts';

/** Only a wide page draws charts: the small one does not wait for them. */
const DashboardCharts = lazy(async () => ({
  default: (await import('./features/dashboard/dashboard-charts.tsx')).DashboardCharts,
}));

const activity = latePage(async () => (await import('./features/activity/activity-page.tsx')).ActivityPage);
const logs = latePage(async () => (await import('./features/logs/logs-page.tsx')).LogsPage);
const settings = latePage(async () => (await import('./features/settings/settings-page.tsx')).SettingsPage);
const rotation = latePage(async () => (await import('./features/rotation/rotation-page.tsx')).RotationPage);

/** Loads the code of the pages that are not the first to be seen. */
export async function preloadPages(): Promise<void> {
  for (const { preload } of [rotation, activity, settings, logs]) await preload();
}

/** Every page there is. The navigation shows those with a `nav`, in this order; the first pattern that fits wins. */
export const screens: readonly Screen[] = [
  {
    id: 'overview',
    pattern: '/',
    nav: { label: ({ shell }) => shell.nav.overview, icon: 'overview' },
    hasPane: true,
    toolbar: () => <SessionFilterField />,
    render: () => (
      <OverviewPage
        charts={
          <Suspense fallback={<ChartsBlank />}>
            <DashboardCharts />
          </Suspense>
        }
      />
    ),
  },
  {
    id: 'sessions',
    pattern: '/sessions',
    nav: { label: ({ shell }) => shell.nav.sessions, icon: 'sessions', isWideOnly: true },
    parent: '#/',
    hasPane: true,
    render: () => <SessionsPage />,
  },
  {
    id: 'session',
    pattern: '/sessions/:sessionId',
    under: 'sessions',
    parent: '#/sessions',
    isPane: true,
    render: ({ sessionId = '' }, back) => <SessionPage key={sessionId} sessionId={sessionId} backHref={back} />,
  },
  {
    id: 'activity',
    pattern: '/activity',
    nav: { label: ({ shell }) => shell.nav.activity, icon: 'activity' },
    render: () => <activity.Page />,
  },
  {
    id: 'logs',
    pattern: '/logs/:source?',
    nav: { label: ({ shell }) => shell.nav.logs, icon: 'logs', isWideOnly: true },
    parent: '#/activity',
    render: ({ source = 'daemon' }) => <logs.Page key={source} source={source} />,
  },
  {
    id: 'settings',
    pattern: '/settings/:section?',
    nav: { label: ({ shell }) => shell.nav.settings, icon: 'settings' },
    render: ({ section }) => <settings.Page section={section} />,
  },
  { id: 'rotation', pattern: '/rotation', under: 'overview', parent: '#/', render: () => <rotation.Page /> },
];
