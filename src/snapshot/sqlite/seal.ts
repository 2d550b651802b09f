import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scryptSync,
  timingSafeEqual,
} from 'node:crypto';

/** What stands in a row's columns instead of the plain key and body, and how they are got back. */
export interface Seal {
  /** The key's column: the same for the same key. */
  key(key: Buffer): Buffer;
  seal(column: Buffer, context: Uint8Array, key: Buffer, body: Buffer): Buffer;
  /** @throws when it was not sealed so, or not with this secret. */
  open(column: Buffer, context: Uint8Array, sealed: Buffer): { readonly key: Buffer; readonly body: Buffer };
}

/** Without a secret: nothing is hidden. */
export const plain: Seal = {
  key: (key) => key,
  seal: (_column, _context, _key, body) => body,
  open: (column, _context, sealed) => ({ key: column, body: sealed }),
};

const cipher = 'aes-256-gcm';
const saltLength = 16;
const ivLength = 12;
const tagLength = 16;
/** How many subkeys of earlier openings are kept at hand while reading. */
const mostSubkeys = 256;

/** What a file says about its secret, without telling it. */
export interface Lock {
  readonly salt: Buffer;
  readonly proof: Buffer;
}

/**
 * AES-256-GCM. The key's column is an HMAC of the key; key and body are sealed together and bound to their row's column
 * and context, so that no row can be passed off as another one.
 *
 * Random nonces under one AES key are safe for 2^32 records only, and a copied file would repeat counted ones. So every
 * opening draws a salt, which gives it a subkey of its own, and counts nonces under that.
 *
 * @returns undefined when the lock was made with another secret.
 */
export function sealedWith(secret: Uint8Array, lock: Lock, cache: string): Seal | undefined {
  const derive = derivation(secret, lock.salt, cache);
  const proof = derive('proof');
  if (lock.proof.length !== proof.length || !timingSafeEqual(proof, lock.proof)) return undefined;

  const macKey = derive('key column');
  const salt = randomBytes(saltLength);
  const subkeys = new Map<string, Buffer>();
  const subkey = (of: Buffer): Buffer => {
    const name = of.toString('latin1');
    let found = subkeys.get(name);
    if (found === undefined) {
      if (subkeys.size >= mostSubkeys) subkeys.clear();
      found = derive('records', of);
      subkeys.set(name, found);
    }
    return found;
  };
  let counter = 0;

  return {
    key: (key) => createHmac('sha256', macKey).update(key).digest(),
    seal(column, context, key, body) {
      const iv = Buffer.alloc(ivLength);
      iv.writeUIntBE(++counter, ivLength - 6, 6);
      const head = Buffer.allocUnsafe(4);
      head.writeUInt32LE(key.length);
      const encrypt = createCipheriv(cipher, subkey(salt), iv).setAAD(bound(column, context));
      const text = [encrypt.update(head), encrypt.update(key), encrypt.update(body), encrypt.final()];
      return Buffer.concat([salt, iv, ...text, encrypt.getAuthTag()]);
    },
    open(column, context, sealed) {
      if (sealed.length < saltLength + ivLength + 4 + tagLength)
        throw new RangeError('The record is too short.');
      const ivEnd = saltLength + ivLength;
      const decrypt = createDecipheriv(
        cipher,
        subkey(sealed.subarray(0, saltLength)),
        sealed.subarray(saltLength, ivEnd),
        {
          authTagLength: tagLength,
        },
      )
        .setAAD(bound(column, context))
        .setAuthTag(sealed.subarray(-tagLength));
      const text = Buffer.concat([decrypt.update(sealed.subarray(ivEnd, -tagLength)), decrypt.final()]);
      const keyEnd = 4 + text.readUInt32LE(0);
      return { key: text.subarray(4, keyEnd), body: text.subarray(keyEnd) };
    },
  };
}

/** A new file's lock for this secret and this cache. */
export function newLock(secret: Uint8Array, cache: string): Lock {
  const salt = randomBytes(saltLength);
  return { salt, proof: derivation(secret, salt, cache)('proof') };
}

type Derive = (purpose: string, salt?: Uint8Array) => Buffer;

/** The secret may be a passphrase, hence scrypt, once; one key for each purpose from that by HKDF. */
function derivation(secret: Uint8Array, salt: Uint8Array, cache: string): Derive {
  const master = scryptSync(secret, salt, 64, { N: 2 ** 14, r: 8, p: 1 });
  return (purpose, subkeySalt = nothing) =>
    Buffer.from(hkdfSync('sha256', master, subkeySalt, `holdfast snapshot of ${cache}: ${purpose}`, 32));
}

const nothing = new Uint8Array(0);

function bound(column: Uint8Array, context: Uint8Array): Buffer {
  return Buffer.concat([context, column]);
}
