using Downbeat.Engine.Scan;
using Downbeat.Engine.Slices;
using Downbeat.Pipeline.Landing;

namespace Downbeat.Testing.Simulation;

/// <summary>The lake as one simulated process sees it: every operation is a step, and may fail or be the last.</summary>
sealed class SimLake(SimWorld world, SimStore store, SimProcess process, string scratch) : ILake
{
    public string Name => "/lake";

    public string Scratch
    {
        get
        {
            var folder = Path.Combine(scratch, $"{process.Number}");
            Directory.CreateDirectory(folder);
            return folder;
        }
    }

    public IReadOnlyList<LakeObject> List(string folder, CancellationToken cancellationToken = default)
    {
        Read("list", folder);
        var before = store.List(folder);
        world.Meanwhile(process);

        // What comes, goes or changes while a listing is made may be in it as it was, or as it is.
        var after = store.List(folder);
        if (before.SequenceEqual(after))
        {
            return after;
        }

        var listed = new SortedDictionary<string, LakeObject>(StringComparer.Ordinal);
        foreach (var path in before.Concat(after).Select(one => one.Path).Distinct(StringComparer.Ordinal).ToList())
        {
            var (old, now) = (before.Find(one => one.Path == path), after.Find(one => one.Path == path));
            if ((old == now || world.Flip("listing lags") ? old : now) is { } seen)
            {
                listed.Add(path, seen);
            }
        }

        return [.. listed.Values];
    }

    public LakeObject? Find(string path)
    {
        Read("find", path);
        return store.Listed(path);
    }

    public Stream Open(string path)
    {
        var isCut = Read("open", path) == SimFault.Cut;
        return new SimStream(
            world,
            process,
            path,
            store.Find(path) ?? throw new FileNotFoundException($"{path} is not there."),
            isCut
        );
    }

    public Stream Open(LakeObject listed)
    {
        var stream = Open(listed.Path);
        return listed.Version is null || store.Listed(listed.Path)?.Version == listed.Version
            ? stream
            : throw new ObjectChangedException($"{listed.Path} is another by now.");
    }

    public Stream OpenRange(LakeObject listed, long from, long until) => new RangeStreamOf(Open(listed), from, until);

    public IByteSource OpenBytes(string path)
    {
        Read("open", path);
        return new SimBytes(path, store.Find(path) ?? throw new FileNotFoundException($"{path} is not there."));
    }

    public void Put(IReadOnlyList<(string Path, byte[] Bytes)> objects) => PutSeen(objects);

    public IReadOnlyList<LakeObject> PutSeen(IReadOnlyList<(string Path, byte[] Bytes)> objects)
    {
        var seen = new List<LakeObject>();
        foreach (var (path, bytes) in objects)
        {
            // A process may die, or the lake fail, between any two of them; they are durable all together at the end.
            Write(
                "put",
                path,
                () =>
                {
                    store.Apply(process, store.IsS3, (path, New(bytes)));
                    seen.Add(store.Listed(path)!);
                }
            );
        }

        foreach (var (path, _) in objects)
        {
            store.Apply(process, true, (path, store.Find(path)));
        }

        return seen;
    }

    public void PutScratch(string path, string scratchFile)
    {
        Write(
            "put scratch",
            path,
            () =>
            {
                var one = New(File.ReadAllBytes(scratchFile));
                File.Delete(scratchFile);
                one.IsVolatile = !store.IsS3 && store.Find(path) is null; // As the folder promises.
                store.Apply(process, false, (path, one));
            }
        );
    }

    public bool PutIfAbsent(string path, byte[] bytes)
    {
        var won = false;
        Write(
            "put if absent",
            path,
            () =>
            {
                won = store.Find(path) is null;
                if (won)
                {
                    store.Apply(process, true, (path, New(bytes)));
                }
            },
            () => // Its name is there, and its folder not synced.
            {
                if (store.Find(path) is null)
                {
                    store.Apply(process, store.IsS3, (path, New(bytes)));
                }
            }
        );
        return won;
    }

    public bool Replace(LakeObject found, byte[] bytes)
    {
        var done = false;
        Write(
            "replace",
            found.Path,
            () =>
            {
                done = !store.IsS3 || store.Listed(found.Path)?.Version == found.Version;
                if (done)
                {
                    store.Apply(process, true, (found.Path, New(bytes)));
                }
            }
        );
        return done;
    }

    public void Flush() => Write("flush", "", () => store.Flush(process));

    public bool Move(LakeObject read, string? hash, string target)
    {
        var moved = false;
        if (store.IsS3)
        {
            SimObject? copied = null;
            Write(
                "copy",
                $"{read.Path} to {target}",
                () =>
                {
                    if (store.Listed(target) is { } there)
                    {
                        copied =
                            there.Version == read.Version
                                ? store.Find(target)
                                : throw new IOException($"{target} exists already.");
                    }
                    else if (store.Listed(read.Path)?.Version == read.Version)
                    {
                        store.Apply(process, true, (target, copied = New(store.Find(read.Path)!.Bytes)));
                    }
                    else if (store.Find(read.Path) is null)
                    {
                        throw new FileNotFoundException($"{read.Path} is gone.");
                    }
                }
            );
            if (copied is not null)
            {
                Write(
                    "delete copied",
                    read.Path,
                    () =>
                    {
                        if (store.Listed(read.Path)?.Version == read.Version)
                        {
                            store.Apply(process, true, (read.Path, null));
                        }
                    }
                );
                moved = true;
            }

            return moved;
        }

        Write(
            "move",
            $"{read.Path} to {target}",
            () =>
            {
                if (store.Find(target) is not null)
                {
                    throw new IOException($"{target} exists already.");
                }

                moved =
                    store.Listed(read.Path) == read
                    && (hash is null || ContentHash.Of(new MemoryStream(store.Find(read.Path)!.Bytes)) == hash);
                if (moved)
                {
                    store.Apply(process, false, (target, store.Find(read.Path)), (read.Path, null));
                }
            }
        );
        return moved;
    }

    public void Delete(string path) =>
        Write(
            "delete",
            path,
            () =>
            {
                if (store.Find(path) is not null)
                {
                    store.Apply(process, store.IsS3, (path, null));
                }
            }
        );

    public void DeleteScratch()
    {
        Read("delete scratch", "");
        var folder = Path.Combine(scratch, $"{process.Number}");
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    SimObject New(byte[] bytes) => new(bytes, world.NextModified()) { Writer = process };

    SimFault Read(string what, string path)
    {
        var fault = world.Step(process, what, path, isWrite: false);
        world.Meet(process, fault);
        return fault;
    }

    void Write(string what, string path, Action effect, Action? half = null)
    {
        var fault = world.Step(process, what, path, isWrite: true);
        switch (fault)
        {
            case SimFault.DiesAfter:
            case SimFault.FailsAfter:
                effect();
                break;
            case SimFault.DiesDuring:
                half?.Invoke();
                break;
        }

        world.Meet(process, fault);
        effect();
        world.StepBehind(process);
    }

    sealed class SimBytes(string name, SimObject one) : IByteSource
    {
        readonly byte[] bytes = one.Bytes;

        public string Name => name;

        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> destination)
        {
            if (offset + destination.Length > bytes.Length)
            {
                throw new EndOfStreamException($"{name} ends early.");
            }

            bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        }
    }

    sealed class RangeStreamOf(Stream inner, long from, long until) : MemoryStream(Bytes(inner, from, until))
    {
        static byte[] Bytes(Stream inner, long from, long until)
        {
            using var copy = new MemoryStream();
            inner.CopyTo(copy);
            return copy.ToArray()[(int)from..(int)Math.Min(until, copy.Length)];
        }
    }
}

/// <summary>Reads an object in several steps: its producer may write into it meanwhile, or the connection be cut.</summary>
sealed class SimStream(SimWorld world, SimProcess process, string path, SimObject one, bool isCut) : Stream
{
    int position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var left = one.Bytes.Length - position;
        if (left <= 0)
        {
            return 0;
        }

        var read = Math.Min(buffer.Length, left);
        if (position == 0 && read > 1)
        {
            read = (read + 1) / 2;
        }
        else
        {
            if (isCut)
            {
                throw new IOException($"The connection was cut while {path} was read.");
            }

            world.Meanwhile(process);
            read = Math.Max(0, Math.Min(read, one.Bytes.Length - position));
        }

        one.Bytes.AsSpan(position, read).CopyTo(buffer);
        position += read;
        return read;
    }

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
