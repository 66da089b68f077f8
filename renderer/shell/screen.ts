import type { ReactNode } from 'react';
import type { Strings } from '../../protocol/strings/en.ts';
import type { IconName } from '../ui/icons.tsx';

/** One row of the table of screens (`renderer/screens.tsx`): a new page is added there and nowhere else. */
export interface Screen {
  readonly id: string;
  /** Of the address, as `matchPattern` reads it. */
  readonly pattern: string;
  /** Its place in the navigation; a page that is reached from others has none. */
  readonly nav?: {
    readonly label: (text: Strings) => string;
    readonly icon: IconName;
    /** Five items are the most that the small layout has room for. */
    readonly isWideOnly?: boolean;
  };
  /** The item of the navigation that is current while this screen is open. */
  readonly under?: string;
  /** `back`: where a back link leads, to the list it was opened from. */
  readonly render: (params: Readonly<Record<string, string>>, back: string) => ReactNode;
  /** What stands beside the status in the wide layout. */
  readonly toolbar?: () => ReactNode;
  /** From 1,280 px it opens beside the list it was opened from. */
  readonly isPane?: boolean;
  /** A list that panes open beside. */
  readonly hasPane?: boolean;
  /** Where Esc leads when nothing else was open before. */
  readonly parent?: string;
}
