import { Semaphore } from '../../../lib-runtime/base/semaphore';
import { rejection } from '../rejection';

test('at most so many hold it; the others follow in order', async () => {
  const semaphore = new Semaphore(2);
  const order: number[] = [];
  let holding = 0;
  let most = 0;
  await Promise.all([1, 2, 3, 4, 5].map(async (i) => {
    const release = await semaphore.acquire();
    most = Math.max(most, ++holding);
    await new Promise((resolve) => setTimeout(resolve, 1));
    order.push(i);
    holding--;
    release();
  }));
  expect([most, order]).toEqual([2, [1, 2, 3, 4, 5]]);
});

test('giving back twice gives back once', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire();
  release();
  release();
  expect([semaphore.tryAcquire() !== undefined, semaphore.tryAcquire()]).toEqual([true, undefined]);
});

test('an aborted waiter leaves the queue: the permit goes to the next', async () => {
  const semaphore = new Semaphore(1);
  const release = await semaphore.acquire();
  const controller = new AbortController();
  const aborted = rejection(semaphore.acquire(controller.signal));
  const next = semaphore.acquire();
  controller.abort();
  expect(await aborted).toMatchObject({ code: 'ABORTED' });
  release();
  expect(await next).toEqual(expect.any(Function));
  expect(await rejection(semaphore.acquire(controller.signal))).toMatchObject({ code: 'ABORTED' });
});
