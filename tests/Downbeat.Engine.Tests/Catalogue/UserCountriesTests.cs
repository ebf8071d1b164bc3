using Downbeat.Engine.Catalogue;
using Downbeat.Engine.Slices;

namespace Downbeat.Engine.Tests.Catalogue;

public sealed class UserCountriesTests
{
    [Fact]
    public void UsersAreFoundInAscendingOrderAndOthersAreNot() =>
        RandomRounds.Run(
            40,
            random =>
            {
                // From none to many blocks; asked for all, few or one of them, some twice, and for others around them.
                var step = 1L << random.Next(40);
                var users = new SortedDictionary<long, string>();
                for (var count = random.Next(3) == 0 ? random.Next(10) : random.Next(9000); count > 0; count--)
                {
                    users[random.NextInt64(20_000) * step] = $"c{random.Next(200)}";
                }

                var countries = new UserCountries(
                    Given.Users(9, null, users.Select(user => $"{user.Key},{user.Value}"))
                );
                var names = Given.ListOf(
                    Given.Texts(users.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
                );
                var share = random.NextDouble();
                for (var user = 0L; user <= 20_001; user++)
                {
                    if (random.NextDouble() > share)
                    {
                        continue;
                    }

                    foreach (var asked in (long[])[user * step, user * step, (user * step) + 1])
                    {
                        var isKnown = users.TryGetValue(asked, out var country);
                        if (countries.Find((ulong)asked) != isKnown || (isKnown && names[countries.Country] != country))
                        {
                            Assert.Fail(
                                $"User {asked} of {users.Count} is found to be in {names[countries.Country]}, not in {country ?? "none"}."
                            );
                        }

                        if (step == 1)
                        {
                            break;
                        }
                    }
                }
            }
        );

    [Fact]
    public void UsersAreFoundBeyondWhatIsReadAtATime()
    {
        // About 700 KB, of which 256 are read at a time.
        const int Users = 500_000;
        var slice = Given.Users(1, null, Enumerable.Range(0, Users).Select(user => $"{user * 100L},c{user % 7}"));
        Assert.True(slice.Summary.Bytes > 2 * 256 * 1024);
        foreach (var step in (int[])[1, 777, 150_000])
        {
            var countries = new UserCountries(slice);
            for (var user = 0; user < Users; user += step)
            {
                Assert.True(countries.Find((ulong)user * 100));
                Assert.Equal(user % 7, countries.Country);
                Assert.False(countries.Find(((ulong)user * 100) + 1));
            }

            Assert.False(countries.Find(ulong.MaxValue - 1));
        }
    }

    [Fact]
    public void AUserWithWhomABlockBeginsOrEndsIsFound()
    {
        var slice = Given.Users(1, null, Enumerable.Range(0, 5000).Select(user => $"{user * 2},DE"));
        for (var block = 0; block < slice.BlockCount; block++)
        {
            // From the start, from any block before, and from the block itself.
            foreach (var last in (ulong[])[slice.FirstUser(block) + 2046, 9998])
            {
                for (var from = 0; from <= block; from++)
                {
                    var countries = new UserCountries(slice);
                    Assert.True(countries.Find(slice.FirstUser(from)));
                    Assert.True(countries.Find(slice.FirstUser(block)));
                    Assert.Equal(last <= 9998, countries.Find(last));
                    Assert.False(countries.Find(last + 1));
                }
            }
        }
    }

    [Fact]
    public void TheVersionThatKnewAUserIsFoundToo()
    {
        var countries = new UserCountries(Given.Users(4, Given.Users(3, null, "5,DE"), "5,FR", "6,FR"));
        Assert.True(countries.Find(5));
        Assert.Equal((0, 3U), (countries.Country, countries.KnownSince));
        Assert.True(countries.Find(6));
        Assert.Equal((0, 4U), (countries.Country, countries.KnownSince));
    }

    [Fact]
    public void DamagedUsersAreNoticed()
    {
        var bytes = Given.SliceBytes(
            Enumerable.Range(0, 3000).Select(user => new NamedListen((ulong)user, 1, "DE", default))
        );
        bytes[200] ^= 1; // In the second block.
        var countries = new UserCountries(Given.Slice(bytes));
        Assert.True(countries.Find(1));
        Assert.Throws<DamagedObjectException>(() => countries.Find(2000));
    }
}
