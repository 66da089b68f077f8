import './keys-help.css';
import { usePreferences, useServices, useWords } from '../state/services.ts';
import { Dialog } from '../ui/dialog.tsx';

const rows = ['screens', 'filter', 'export', 'rows', 'open', 'buttons', 'cancelCall', 'escape', 'help'] as const;

/** All keys, and the switch for the single ones. */
export function KeysHelp({ onClose }: { readonly onClose: () => void }) {
  const { text } = useWords();
  const { preferences } = useServices();
  const hasSingleKeys = usePreferences((chosen) => chosen.hasSingleKeys);
  const { keys } = text.shell;
  return (
    <Dialog
      title={keys.title}
      isQuestion={false}
      onCancel={onClose}
      choices={[{ id: 'close', label: text.common.close, kind: 'filled', run: onClose }]}
    >
      <dl className="keys-help">
        {rows.map((row) => (
          <div key={row} className="keys-help__row">
            <dt>
              <kbd>{keys.names[row]}</kbd>
            </dt>
            <dd>{keys[row]}</dd>
          </div>
        ))}
      </dl>
      <label className="keys-help__switch">
        <input
          type="checkbox"
          checked={hasSingleKeys}
          onChange={(event) => preferences.setState({ hasSingleKeys: event.target.checked })}
        />
        {keys.singleKeys}
      </label>
    </Dialog>
  );
}
