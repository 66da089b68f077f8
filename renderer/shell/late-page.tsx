import { type ComponentType, useEffect, useState } from 'react';
import { Skeleton } from '../ui/panels.tsx';

export interface LatePage<Props extends object> {
  readonly Page: ComponentType<Props>;
  /** Loads its code ahead of the first visit. Never rejects: the visit tries again, and tells. */
  readonly preload: () => Promise<void>;
}

/** A page whose code is no part of the first load. Once loaded it is drawn in the same frame as any other. */
export function latePage<Props extends object>(load: () => Promise<ComponentType<Props>>): LatePage<Props> {
  let Loaded: ComponentType<Props> | undefined;
  let loading: Promise<void> | undefined;

  function loadOnce(): Promise<void> {
    loading ??= load().then(
      (page) => {
        Loaded = page;
      },
      (error: unknown) => {
        loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  function Page(props: Props) {
    const [failure, setFailure] = useState<{ readonly error: unknown }>();
    const [, setLoaded] = useState(Loaded !== undefined);
    useEffect(() => {
      if (Loaded !== undefined) return;
      loadOnce().then(
        () => setLoaded(true),
        (error: unknown) => setFailure({ error }),
      );
    }, []);
    if (failure !== undefined) throw failure.error;
    return Loaded === undefined ? <Skeleton /> : <Loaded {...props} />;
  }

  return { Page, preload: () => loadOnce().catch(() => undefined) };
}
