import { KeyRing } from '../../support/key-ring.ts';
import { home } from './record.ts';

const backends = ['basic_text', 'gnome_libsecret', 'kwallet', 'kwallet5', 'kwallet6', 'unknown'] as const;
const ring = new KeyRing(home);

/** A key ring of this home. `DOUBLE_KEYRING` names its backend, `kwallet6` without; a file locks it. */
export const safeStorage = {
  isAsyncEncryptionAvailable: () => ring.isAvailable(),
  encryptStringAsync: (text: string) => ring.encrypt(text),
  decryptStringAsync: async (data: Buffer) => ({ result: await ring.decrypt(data), shouldReEncrypt: false }),
  getSelectedStorageBackend: () => backends.find((backend) => backend === process.env['DOUBLE_KEYRING']) ?? 'kwallet6',
};
