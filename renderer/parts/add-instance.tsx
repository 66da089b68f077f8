import './add-instance.css';
import { useWords } from '../state/services.ts';
import { CommandLine } from './command-line.tsx';

/** How an editor gets its entry: the command that writes it. */
export function AddInstance() {
  const { text } = useWords();
  return (
    <div className="add-instance">
      <p className="add-instance__sentence">{text.overview.addSentence}</p>
      <CommandLine command={text.overview.addCommand} name={text.overview.addCommandName} what="config-command" />
    </div>
  );
}
