import { CommandLine } from '../../parts/command-line.tsx';
import { useServices, useWords } from '../../state/services.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorPage } from './error-page.tsx';

/** This browser is not, or no longer, let in. It leaves by itself when another tab has signed in. */
export function SignedOutPage() {
  const { text } = useWords();
  const { retryFeed, signInState } = useServices();
  const { errors } = text;
  const state = signInState();
  const isExpired = state === 'expired';
  return (
    <ErrorPage
      code="UI_SESSION_EXPIRED"
      title={isExpired ? errors.expired.title : errors.signIn.title}
      cause={
        isExpired
          ? errors.expired.cause
          : state === 'refused'
            ? `${errors.signIn.ticketRefused} ${errors.signIn.cause}`
            : errors.signIn.cause
      }
      command={<CommandLine command={errors.expired.command} name={errors.expired.commandName} what="command" />}
    >
      <Button kind="filled" testId="error-action" data-arrival onClick={retryFeed}>
        {errors.checkAgain}
      </Button>
    </ErrorPage>
  );
}
