import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, hexDigestOf, portable } from '../../actors/cache/digest.js';

const text = fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

describe('digests', () => {
  it('of a text that UTF-8 can hold are the SHA-256 of its UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (key) => {
        expect(hexDigestOf(key)).toBe(createHash('sha256').update(key, 'utf8').digest('hex'));
      }),
    );
  });

  it('are the same whether the platform makes them or we do, of any text', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (key) => {
        expect(hexDigestOf(key)).toBe(portable.hex(key));
        expect([...digestOf(key)]).toEqual([...portable.bytes(key)]);
        expect(Buffer.from(digestOf(key)).toString('hex')).toBe(hexDigestOf(key));
      }),
    );
  });

  it('tell texts apart that UTF-8 cannot', () => {
    const lone = ['\ud800', '\ud801', '\udc00', '\ufffd', 'a\ud800', '\ud800a', '\ud800\udc00'];
    expect(new Set(lone.map(hexDigestOf)).size).toBe(lone.length);
  });
});
