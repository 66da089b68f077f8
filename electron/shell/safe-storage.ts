import { safeStorage } from 'electron';
import { type SecretCipher, vaultState } from '../core/vault.ts';

/** The key ring of the system, through Electron; only after `ready`. */
export function systemCipher(): SecretCipher {
  return {
    async look() {
      const isAvailable = await safeStorage.isAsyncEncryptionAvailable();
      const { platform } = process;
      const backend = platform === 'linux' ? safeStorage.getSelectedStorageBackend() : undefined;
      return vaultState({ platform, isAvailable, backend });
    },
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    async decrypt(data) {
      const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(data);
      return { text: result, isStale: shouldReEncrypt };
    },
  };
}
