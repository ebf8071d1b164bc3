using Downbeat.Pipeline.Landing;

namespace Downbeat.Pipeline.Repair;

/// <summary>Makes <c>lake.json</c> whole: it carries a sum of itself, and is kept twice.</summary>
static class LakeFileRepair
{
    /// <summary>Looks, mends, and says what it says.</summary>
    /// <exception cref="LakeException">There is no lake, or both are damaged; the message says what to do.</exception>
    public static LakeFile Run(ILake lake, RepairLog log)
    {
        var (bytes, copy) = (log.TryRead(lake, LakePaths.Lake), log.TryRead(lake, LakePaths.LakeCopy));
        var (file, kept) = (LakeFile.TryParse(bytes), LakeFile.TryParse(copy));

        // One without a sum was written by an earlier version, which kept no copy: where there is one, it is not what was written.
        if (file is not null && (file.Sum is not null || kept is null))
        {
            if (kept is null || !copy.AsSpan().SequenceEqual(bytes))
            {
                var sealedFile = file.Sum is null ? (file with { Sum = file.MakeSum() }).ToBytes() : bytes!;
                if (copy is null)
                {
                    log.Note(
                        LakePaths.LakeCopy,
                        "it is missing",
                        log.IsDryRun ? "to be copied" : $"copied from {LakePaths.Lake}"
                    );
                    if (!log.IsDryRun)
                    {
                        lake.Put([(LakePaths.Lake, sealedFile), (LakePaths.LakeCopy, sealedFile)]);
                    }
                }
                else
                {
                    log.Mend(
                        LakePaths.LakeCopy,
                        $"it is not the copy of {LakePaths.Lake}",
                        $"copied from {LakePaths.Lake}",
                        () => lake.Put([(LakePaths.Lake, sealedFile), (LakePaths.LakeCopy, sealedFile)])
                    );
                }
            }

            return Checked(lake, file);
        }

        if (kept is not null)
        {
            log.Mend(
                LakePaths.Lake,
                bytes is null ? "it is missing" : "it is not as it was written",
                $"copied from {LakePaths.LakeCopy}",
                () => lake.Put([(LakePaths.Lake, copy!)])
            );
            return Checked(lake, kept);
        }

        return LakeFile.Read(lake); // Says what is wrong, and what to do.
    }

    static LakeFile Checked(ILake lake, LakeFile file) =>
        file.Format == LakeFile.CurrentFormat ? file : LakeFile.Read(lake);
}
