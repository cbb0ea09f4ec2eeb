import { randomBytes } from 'node:crypto';

export const random = (sizeBytes: number): Uint8Array => new Uint8Array(randomBytes(sizeBytes));
