from django.db import migrations


class Migration(migrations.Migration):
    """The numbers of submissions: who was first, whatever the clocks say."""

    dependencies = [("deals", "0003_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE deals_submission_sequence", "DROP SEQUENCE deals_submission_sequence"),
    ]
