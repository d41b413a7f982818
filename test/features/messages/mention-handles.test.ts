import { describe, expect, it } from 'vitest'
import { handlesIn } from '../../../src/features/messages/mention-handles.ts'

describe('the handles that a text names', () => {
  it.each([
    ['@ben', ['ben']],
    ['Hello @ben', ['ben']],
    ['@ben hello', ['ben']],
    ['first line\n@ben\nlast line', ['ben']],
    // In any case, of every sort of character, short and long.
    ['@Ben @BEN_2', ['ben', 'ben_2']],
    ['@__ @42', ['__', '42']],
    ['@ab', ['ab']],
    [`@${'x'.repeat(32)}`, ['x'.repeat(32)]],
    // Each once, where it appears first.
    ['@cid @ben @CID', ['cid', 'ben']],
    // With punctuation around.
    ['@ben, @cid. @dan! @eve?', ['ben', 'cid', 'dan', 'eve']],
    ['(@ben) "@cid" *@dan* [@eve]: @fay…', ['ben', 'cid', 'dan', 'eve', 'fay']],
    ["@ben's and @cid’s", ['ben', 'cid']],
    ['@ben/@cid @dan-like', ['ben', 'cid', 'dan']],
    ['Done.@ben cc:@cid', ['ben', 'cid']],
    // Beside what is no letter.
    ['👋@ben👋 ☎️@cid', ['ben', 'cid']],
    // Where there are no blanks between words, or endings hang on.
    ['请@ben看一下', ['ben']],
    ['你好，@ben，谢谢', ['ben']],
    ['@benさん、@cidー', ['ben', 'cid']],
    ['@ben님 그리고 안녕@cid에게', ['ben', 'cid']],
    ['สวัสดี@benครับ', ['ben']],
  ])('%s', (content, handles) => {
    expect(handlesIn(content)).toEqual(handles)
  })

  it.each([
    'nobody at all',
    '',
    '@',
    '@ ben',
    '@b',
    `@${'x'.repeat(33)}`,
    '@-ben',
    // Addresses of mail, of other servers and of the web.
    'ben@example.com',
    'ben.b+chat@example.com, ben_b@example.com',
    'josé@example.com',
    'почта@example.com',
    '@ben@example.com',
    'https://example.com/@ben and http://example.com/?to=@ben',
    // Two of them.
    '@@ben',
    '@@@ben',
    // The beginning of another word.
    '@bené',
    '@bene\u0301',
    '@benу',
    '@ben１',
    'x@ben',
    '1@ben',
    // Letters that only look like, or fold to, those of handles.
    '@\u212Aben',
    '@ſam',
    '＠ben',
  ])('none: %s', (content) => {
    expect(handlesIn(content)).toEqual([])
  })

  it('are found in little time in whatever is as long as a message may be', () => {
    const startedAt = performance.now()
    for (const part of ['@', 'a@', '@a', '@ab', '@ab@', 'https://@', '@@ab ', '人@']) handlesIn(part.repeat(8000))
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })
})
