import type { HistoryRow } from '../../protocol/history.ts';
import type { MarkKind } from '../ui/status-mark.tsx';

/** How a call has ended, as a shape. */
export const outcomeMarks: Readonly<Record<HistoryRow['outcome'], MarkKind>> = {
  ok: 'done',
  tool_error: 'failed',
  error: 'failed',
  cancelled: 'cancelled',
  timeout: 'timeout',
  refused: 'failed',
  interrupted: 'cancelled',
};
