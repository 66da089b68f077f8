import { useCallback } from 'react';
import { useStore } from 'zustand';
import { useModel, useServices } from '../state/services.ts';

/** Rotating is one click: it starts, and the page with its result opens. A click while one runs only opens the page. */
export function useRotate() {
  const { rotation, router } = useServices();
  const request = useStore(rotation, (state) => state.request);
  const generation = useModel(({ token }) => token.generation);
  const isWaiting = useModel(({ token }) => token.rotation?.state === 'waiting') ?? false;
  const policy = useModel(({ daemon }) => daemon.authPolicy);
  const isRunning = request.state === 'asked' || isWaiting;

  const run = useCallback(() => {
    if (generation !== undefined && !isRunning) void rotation.getState().rotate(generation);
    router.go('#/rotation');
  }, [generation, isRunning, rotation, router]);
  return { run, isRunning, request, canRotate: policy !== undefined && policy !== 'jwt' };
}
