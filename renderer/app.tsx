import { DaemonDownPage } from './features/errors/daemon-down-page.tsx';
import { ErrorBoundary } from './features/errors/error-boundary.tsx';
import { NotFoundPage } from './features/errors/not-found-page.tsx';
import { SignedOutPage } from './features/errors/signed-out-page.tsx';
import { screens } from './screens.tsx';
import { Shell } from './shell/shell.tsx';
import { type Services, ServicesContext } from './state/services.ts';

const covers = { 'daemon-down': <DaemonDownPage />, 'signed-out': <SignedOutPage /> };

export function App({ services }: { readonly services: Services }) {
  return (
    <ServicesContext.Provider value={services}>
      <ErrorBoundary>
        <Shell screens={screens} notFound={<NotFoundPage />} covers={covers} />
      </ErrorBoundary>
    </ServicesContext.Provider>
  );
}
