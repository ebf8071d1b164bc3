using Downbeat.Engine.Scan;

namespace Downbeat.Pipeline.Catalogue;

/// <summary>
/// Adds changed rows to the rows there were: both are CSV under the same header, sorted by the key in their last columns. A
/// changed row takes the place of the one with its key. Memory does not grow with the rows.
/// </summary>
static class RowsMerge
{
    /// <summary>Merges.</summary>
    /// <param name="known">The rows there were; null when there were none.</param>
    /// <param name="changed">The rows that take their place, or come besides.</param>
    /// <param name="keyIsNumber">Of each column of the key whether it sorts as a number.</param>
    /// <param name="output">Where the rows go.</param>
    /// <param name="cancellationToken">Stops in the middle.</param>
    /// <returns>The content hash of what comes out, and how many rows were left out because they are over 1 MiB.</returns>
    /// <exception cref="CatalogueException">Rows are not sorted, or two have the same key.</exception>
    public static (string Hash, long TooLong) Run(
        Stream? known,
        Stream changed,
        IReadOnlyList<bool> keyIsNumber,
        Stream output,
        CancellationToken cancellationToken
    )
    {
        var hash = new ContentHash.Sequential();
        void Write(CsvReader row)
        {
            output.Write(row.Raw);
            output.WriteByte((byte)'\n');
            hash.Append(row.Raw);
            hash.Append("\n"u8);
        }

        var right = new Rows(changed, keyIsNumber);
        Write(right.Header);
        var left = known is null ? null : new Rows(known, keyIsNumber);
        var (hasLeft, hasRight) = (left?.Read(cancellationToken) ?? false, right.Read(cancellationToken));
        while (hasLeft || hasRight)
        {
            var order =
                !hasLeft ? 1
                : !hasRight ? -1
                : left!.CompareKey(right);
            if (order < 0)
            {
                Write(left!.Row);
            }
            else
            {
                Write(right.Row);
            }

            hasLeft = order <= 0 ? left!.Read(cancellationToken) : hasLeft;
            hasRight = order >= 0 ? right.Read(cancellationToken) : hasRight;
        }

        return (hash.Finish(), right.TooLong);
    }

    /// <summary>Rows that come in the order of their keys.</summary>
    sealed class Rows
    {
        readonly IReadOnlyList<bool> keyIsNumber;
        readonly byte[][] last;
        readonly int fields;
        bool isFirst = true;
        int count;

        public Rows(Stream csv, IReadOnlyList<bool> keyIsNumber)
        {
            this.keyIsNumber = keyIsNumber;
            last = [.. keyIsNumber.Select(_ => Array.Empty<byte>())];
            Row = new(csv);
            if (!Row.Read())
            {
                throw Unusable();
            }

            fields = Row.FieldCount;
        }

        public CsvReader Row { get; }

        /// <summary>The same, before the first row is read.</summary>
        public CsvReader Header => Row;

        public long TooLong { get; private set; }

        public bool Read(CancellationToken cancellationToken)
        {
            if ((++count & 0xFFF) == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            // A row over 1 MiB has no key to be found by.
            for (; Row.Read(); TooLong++)
            {
                if (Row.Fault is null && Row.FieldCount == fields)
                {
                    TakeKey();
                    return true;
                }
            }

            return Row.FileFault is null ? false : throw Unusable();
        }

        public int CompareKey(Rows other) => Compare(Key, other.Key);

        void TakeKey()
        {
            if (!isFirst && Compare(column => last[column], Key) is var order && order >= 0)
            {
                throw new CatalogueException(
                    order == 0
                        ? "Two rows have the same key, and a key is unique: name columns that are, or a primary key."
                        : "The database sorts keys differently than by bytes, so that changes cannot be merged: take the updatedAt setting out, and all rows are read each time."
                );
            }

            isFirst = false;
            for (var column = 0; column < last.Length; column++)
            {
                var key = Key(column);
                if (!key.SequenceEqual(last[column]))
                {
                    last[column] = key.ToArray();
                }
            }
        }

        ReadOnlySpan<byte> Key(int column) => Row.Field(fields - keyIsNumber.Count + column);

        int Compare(KeyColumn left, KeyColumn right)
        {
            for (var column = 0; column < keyIsNumber.Count; column++)
            {
                var order = keyIsNumber[column]
                    ? CompareNumbers(left(column), right(column))
                    : left(column).SequenceCompareTo(right(column));
                if (order != 0)
                {
                    return order;
                }
            }

            return 0;
        }

        /// <summary>Whole numbers as a database writes them: no zeros in front, a minus sign or none.</summary>
        static int CompareNumbers(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
        {
            var (leftIsNegative, rightIsNegative) = (left.StartsWith("-"u8), right.StartsWith("-"u8));
            if (leftIsNegative != rightIsNegative)
            {
                return leftIsNegative ? -1 : 1;
            }

            var order =
                left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.SequenceCompareTo(right);
            return leftIsNegative ? -order : order;
        }

        CatalogueException Unusable() =>
            new($"The rows cannot be used: {Row.FileFault?.Detail ?? "there is no header"}.");

        delegate ReadOnlySpan<byte> KeyColumn(int column);
    }
}
