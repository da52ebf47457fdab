/**
 * Makes concurrent calls for the same key share a look-up. For each key at most one look-up runs and one waits. A call never
 * joins a look-up that has begun, so that an answer reflects everything that happened before the call.
 */
export function coalesce<Key, Answer>(lookUp: (key: Key) => Promise<Answer>): (key: Key) => Promise<Answer> {
  const last = new Map<Key, Promise<Answer>>();
  const waiting = new Map<Key, Promise<Answer>>();

  function start(key: Key): Promise<Answer> {
    waiting.delete(key);
    return lookUp(key);
  }

  return (key) => {
    const joined = waiting.get(key);
    if (joined !== undefined) return joined;
    const before = last.get(key) ?? Promise.resolve();
    const answer = before.then(
      () => start(key),
      () => start(key),
    );
    waiting.set(key, answer);
    last.set(key, answer);
    const forget = () => {
      if (last.get(key) === answer) last.delete(key);
    };
    answer.then(forget, forget);
    return answer;
  };
}
