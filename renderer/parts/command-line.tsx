import './command-line.css';
import { CopyButton } from '../ui/copy-button.tsx';

export interface CommandLineProps {
  readonly command: string;
  /** What it is, for people. */
  readonly name: string;
  /** Test id `copy-<what>`. */
  readonly what: string;
}

/** A command to type or copy. */
export function CommandLine({ command, name, what }: CommandLineProps) {
  return (
    <div className="command-line">
      <bdi className="command-line__text mono" dir="ltr">
        {command}
      </bdi>
      <CopyButton what={what} name={name} text={command} />
    </div>
  );
}
