import './toast.css';
import { useEffect } from 'react';
import { useStore } from 'zustand';
import { useServices, useWords } from '../state/services.ts';
import { Button, IconButton } from './button.tsx';

const shownMs = 4_000;
const shownWithUndoMs = 8_000;

/** The one toast of the page, and the region that assistive technology listens to. */
export function Notices() {
  const { notices } = useServices();
  const toast = useStore(notices, (state) => state.toast);
  const spoken = useStore(notices, (state) => state.spoken);
  const { text } = useWords();

  useEffect(() => {
    if (toast === undefined) return undefined;
    const close = () => notices.getState().closeToast(toast.id);
    const timer = setTimeout(close, toast.undo === undefined ? shownMs : shownWithUndoMs);
    return () => clearTimeout(timer);
  }, [toast, notices]);

  const close = () => toast !== undefined && notices.getState().closeToast(toast.id);
  return (
    <>
      <div className="visually-hidden" role="status" aria-live="polite" data-testid="live-region">
        {spoken}
      </div>
      {toast === undefined ? null : (
        <div className="toast" role="status" data-testid="toast">
          <span className="toast__text">{toast.text}</span>
          {toast.undo === undefined ? null : (
            <Button
              onClick={() => {
                toast.undo?.();
                close();
              }}
            >
              {text.common.undo}
            </Button>
          )}
          <IconButton icon="close" label={text.common.close} onClick={close} />
        </div>
      )}
    </>
  );
}
