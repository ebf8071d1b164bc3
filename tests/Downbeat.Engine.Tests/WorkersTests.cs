namespace Downbeat.Engine.Tests;

public sealed class WorkersTests
{
    [Fact]
    public void EveryPieceIsDoneOnce()
    {
        foreach (var workers in (int[])[0, 1, 3])
        {
            var done = new int[1000];
            Workers.Run(done.Length, workers, piece => Interlocked.Increment(ref done[piece]));
            Assert.All(done, times => Assert.Equal(1, times));
        }

        Workers.Run(0, 2, _ => Assert.Fail("There is no piece."));
    }

    [Fact]
    public void WhatAPieceThrowsIsThrownAsItIs()
    {
        var thrown = new IOException("the disk is gone");
        Assert.Same(thrown, Assert.Throws<IOException>(() => Workers.Run(100, 4, piece => throw thrown)));
        Assert.Same(
            thrown,
            Assert.Throws<IOException>(() => Workers.Run(1, 1, piece => throw new AggregateException(thrown)))
        );
    }

    [Fact]
    public void CancellingStopsTheWork()
    {
        using var cancelled = new CancellationTokenSource();
        var done = 0;
        Assert.Throws<OperationCanceledException>(() =>
            Workers.Run(
                1_000_000,
                2,
                _ =>
                {
                    Interlocked.Increment(ref done);
                    cancelled.Cancel();
                },
                cancelled.Token
            )
        );
        Assert.InRange(done, 1, 500_000); // Pieces are handed out many at a time.
    }
}
